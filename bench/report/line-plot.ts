import { find, spreadOf } from "../harness/series.ts";
import { compact, type MetricGroup, short } from "./format.ts";
import { element, textElement } from "./markup.ts";
import { extremes, label, line, type Plot, plotOf, type StyleOf, WIDTH } from "./plot.ts";
import { axisScale, type Scale, valueScale } from "./scale.ts";

const HEIGHT = 280;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, WIDTH - 18, 10, HEIGHT - 42];
/** Least distance of tick labels: closer ones would touch and are left out. */
const TICK_SPACE = 26;

function grid(across: Scale, up: Scale, axis: string): string[] {
  const rows = up.ticks.flatMap((tick) => [
    line("grid", LEFT, up.at(tick), RIGHT, up.at(tick)),
    label("tick", LEFT - 6, up.at(tick) + 4, "end", compact(tick)),
  ]);
  let free = Number.NEGATIVE_INFINITY;
  const columns = across.ticks.flatMap((tick) => {
    const x = across.at(tick);
    if (x < free) return [];
    free = x + TICK_SPACE;
    return [line("grid", x, TOP, x, BOTTOM), label("tick", x, BOTTOM + 16, "middle", compact(tick))];
  });
  return [...rows, ...columns, label("tick", (LEFT + RIGHT) / 2, HEIGHT - 8, "middle", axis)];
}

/** Draws a peer's medians as a line, each with a whisker from the least to the greatest round. */
function curve(
  { series, metric, xs }: MetricGroup,
  peer: string,
  across: Scale,
  up: Scale,
  styleOf: StyleOf,
) {
  const points = xs.flatMap((x) => {
    const own = find(series, peer, metric, x);
    return own === undefined ? [] : [{ x: across.at(x), ...spreadOf(own.rounds) }];
  });
  const { color, dash } = styleOf(peer);
  const path = points.map(({ x, median }) => `${x.toFixed(1)},${up.at(median).toFixed(1)}`).join(" ");
  // A peer measured at one position is drawn across the plot as a reference.
  const references = points.length === 1 && xs.length > 1 ? points : [];
  return [
    ...references.map(({ median }) => line(`reference ${color}`, LEFT, up.at(median), RIGHT, up.at(median))),
    ...points.map(({ x, min, max }) => line(`range ${color}`, x, up.at(min), x, up.at(max))),
    element("polyline", { class: `curve ${color}`, points: path, "stroke-dasharray": dash }),
    ...points.map(({ x, median }) =>
      element(
        "circle",
        { class: `dot ${color}`, cx: x, cy: up.at(median), r: 3 },
        textElement("title", {}, `${peer}: ${short(median)}`),
      ),
    ),
  ];
}

/** Draws a line for each peer over the question's axis. */
export function linePlot(group: MetricGroup, axis: string, styleOf: StyleOf): Plot {
  const up = valueScale(extremes(group), BOTTOM, TOP);
  const across = axisScale(group.xs, LEFT + 10, RIGHT - 4);
  const curves = group.peers.flatMap((peer) => curve(group, peer, across, up, styleOf));
  return plotOf(group, up.isLog, HEIGHT, [...grid(across, up, axis), ...curves]);
}
