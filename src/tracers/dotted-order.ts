let lastSecond = Number.NaN;
let lastText = "";

/**
 * A run's segment of a dotted order: its start in UTC with microseconds, `YYYYMMDDTHHMMSSffffffZ`, then its id. A run's
 * dotted order joins the segments of all runs above it, root first, and its own by dots; as text it sorts by start.
 */
export function dottedSegment(startTime: number, id: string): string {
  const second = Math.floor(startTime / 1000);
  if (second !== lastSecond) {
    // Cached: many runs start within a second, and toISOString is slow.
    lastText = new Date(second * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
    lastSecond = second;
  }
  const micros = Math.floor((startTime - second * 1000) * 1000);
  return `${lastText}${String(micros).padStart(6, "0")}Z${id}`;
}
