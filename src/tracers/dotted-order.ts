let lastSecond = Number.NaN;
let lastText = "";

/**
 * A run's place in time as text that sorts: its start in UTC with microseconds, `YYYYMMDDTHHMMSSffffffZ`, and its id.
 * A dotted order is the segments of a run and of all runs above it, root first, joined by dots.
 */
export function dottedSegment(startTime: number, id: string): string {
  const second = Math.floor(startTime / 1000);
  if (second !== lastSecond) {
    // Runs come many to a second, and dates are slow to write.
    lastText = new Date(second * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
    lastSecond = second;
  }
  const micros = Math.floor((startTime - second * 1000) * 1000);
  return `${lastText}${String(micros).padStart(6, "0")}Z${id}`;
}
