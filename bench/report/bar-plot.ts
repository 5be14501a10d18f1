import { type Series, spreadOf } from "../harness/series.ts";
import { compact, type MetricGroup, short } from "./format.ts";
import { element } from "./markup.ts";
import { extremes, label, line, type Plot, plotOf, type StyleOf, WIDTH } from "./plot.ts";
import { type Scale, valueScale } from "./scale.ts";

const ROW_HEIGHT = 36;
const LABEL_BASE = 14;
const BAR_TOP = 20;
const BAR_HEIGHT = 12;
const WHISKER = 3;
const FOOT = 22;
const [LEFT, RIGHT] = [12, WIDTH - 16];

function row({ peer, rounds }: Series, top: number, scale: Scale, styleOf: StyleOf): string[] {
  const { median, min, max } = spreadOf(rounds);
  const [from, to] = [scale.at(min), scale.at(max)];
  const middle = top + BAR_TOP + BAR_HEIGHT / 2;
  const bar = {
    class: `bar ${styleOf(peer).color}`,
    x: LEFT,
    y: top + BAR_TOP,
    width: Math.max(1, scale.at(median) - LEFT),
    height: BAR_HEIGHT,
  };
  return [
    label("label", LEFT, top + LABEL_BASE, "start", peer),
    label("label", RIGHT, top + LABEL_BASE, "end", short(median)),
    element("rect", bar),
    line("whisker", from, middle, to, middle),
    ...[from, to].map((end) => line("whisker", end, middle - WHISKER, end, middle + WHISKER)),
  ];
}

/** Draws a bar for each peer's median, with a whisker from the least to the greatest round. */
export function barPlot(group: MetricGroup, styleOf: StyleOf): Plot {
  const scale = valueScale(extremes(group), LEFT, RIGHT);
  const bottom = group.series.length * ROW_HEIGHT;
  const grid = scale.ticks.flatMap((tick) => [
    line("grid", scale.at(tick), 0, scale.at(tick), bottom),
    label("tick", scale.at(tick), bottom + 15, "middle", compact(tick)),
  ]);
  const rows = group.series.flatMap((series, i) => row(series, i * ROW_HEIGHT, scale, styleOf));
  return plotOf(group, scale.isLog, bottom + FOOT, [...grid, ...rows]);
}
