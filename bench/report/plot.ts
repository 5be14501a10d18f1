import { spreadOf } from "../harness/series.ts";
import type { MetricGroup } from "./format.ts";
import { element, textElement } from "./markup.ts";
import type { PeerStyle } from "./peer-style.ts";

export type StyleOf = (peer: string) => PeerStyle;

/** A plot as SVG markup, with its caption as text. */
export interface Plot {
  readonly caption: string;
  readonly svg: string;
}

/** Width of every plot in SVG units: about a phone's width in CSS pixels, scaled up elsewhere. */
export const WIDTH = 460;

export function extremes({ series }: MetricGroup): number[] {
  return series.flatMap(({ rounds }) => {
    const { min, max } = spreadOf(rounds);
    return [min, max];
  });
}

export function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return element("line", { class: kind, x1, y1, x2, y2 });
}

export function label(
  kind: string,
  x: number,
  y: number,
  anchor: "start" | "middle" | "end",
  text: string,
): string {
  return textElement("text", { class: kind, x, y, "text-anchor": anchor }, text);
}

export function plotOf(
  { metric, unit }: MetricGroup,
  isLog: boolean,
  height: number,
  parts: readonly string[],
): Plot {
  const caption = `${metric}, ${unit}${isLog ? " (logarithmic)" : ""}`;
  const frame = { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": caption };
  return { caption, svg: element("svg", frame, parts.join("")) };
}
