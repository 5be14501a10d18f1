import type { Answer } from "../harness/question.ts";
import { barPlot } from "./bar-plot.ts";
import { byMetric, type Rows } from "./format.ts";
import { linePlot } from "./line-plot.ts";
import { element, textElement } from "./markup.ts";
import { STYLE } from "./page-style.ts";
import { peerStyles } from "./peer-style.ts";
import type { Plot, StyleOf } from "./plot.ts";
import type { Results } from "./results.ts";
import { answerTables, type Table, targetRows } from "./tables.ts";
import type { TargetResult } from "./target-result.ts";
import { machineLines } from "./text.ts";

const TITLE = "sidecall: what callbacks cost";

function tableMarkup({ title, rows: [head = [], ...body] }: Table): string {
  const caption = title === undefined ? "" : textElement("caption", {}, title);
  const cells = (name: string, row: Rows[number]) => row.map((cell) => textElement(name, {}, cell)).join("");
  const rows = [
    element("tr", {}, cells("th", head)),
    ...body.map((row) => element("tr", {}, cells("td", row))),
  ];
  return element("div", { class: "table" }, element("table", {}, caption + rows.join("")));
}

function plotMarkup({ caption, svg }: Plot): string {
  return element("figure", {}, textElement("figcaption", {}, caption) + svg);
}

/** Lists the peers with their line styles. */
function key(peers: readonly string[], styleOf: StyleOf): string {
  const entries = peers.map((peer) => {
    const { color, dash } = styleOf(peer);
    const sample = element(
      "polyline",
      { class: `curve ${color}`, points: "0,5 40,5", "stroke-dasharray": dash },
      "",
    );
    return element(
      "li",
      {},
      element("svg", { viewBox: "0 0 40 10", "aria-hidden": "true" }, sample) + textElement("span", {}, peer),
    );
  });
  return element("ul", { class: "key" }, entries.join(""));
}

function section(answer: Answer, styleOf: StyleOf): string {
  const { name, asks, axis, series } = answer;
  const groups = byMetric(series);
  const plots = groups.map((group) =>
    plotMarkup(axis === undefined ? barPlot(group, styleOf) : linePlot(group, axis, styleOf)),
  );
  const peers = [...new Set(series.map(({ peer }) => peer))];
  return element(
    "section",
    {},
    [
      textElement("h2", { id: name }, name),
      textElement("p", {}, asks),
      axis === undefined ? "" : key(peers, styleOf),
      element("div", { class: "plots" }, plots.join("")),
      element(
        "details",
        { open: "" },
        element("summary", {}, "The numbers") +
          element("div", { class: "tables" }, answerTables(answer).map(tableMarkup).join("")),
      ),
    ].join(""),
  );
}

function targetsMarkup(targets: readonly TargetResult[]): string {
  if (targets.length === 0) return "";
  const [head = [], ...body] = targetRows(targets);
  const rows = body.map((row) => {
    const verdict = row.at(-1) ?? "";
    const cells = row.slice(0, -1).map((cell) => textElement("td", {}, cell));
    return element("tr", {}, cells.join("") + textElement("td", { class: verdict }, verdict));
  });
  const heads = element("tr", {}, head.map((cell) => textElement("th", {}, cell)).join(""));
  const table = element("table", { class: "targets" }, heads + rows.join(""));
  return textElement("h2", { id: "targets" }, "Targets") + element("div", { class: "table" }, table);
}

function facts({ machine, date, seconds, loadAtEnd, text, profile }: Results): string {
  const [hardware = "", versions = ""] = machineLines(machine);
  const entries = {
    machine: hardware,
    versions,
    run: `${date}, ${Math.round(seconds)} s, ${profile} profile`,
    load: `${machine.load.toFixed(1)} at the start, ${loadAtEnd.toFixed(1)} at the end`,
    text,
  };
  const list = Object.entries(entries).map(
    ([name, value]) => textElement("dt", {}, name) + textElement("dd", {}, value),
  );
  return element("dl", {}, list.join(""));
}

function unansweredMarkup(unanswered: Results["unanswered"]): string {
  const items = unanswered.map(({ name, reason }) => textElement("li", {}, `${name}: ${reason}`));
  return items.length === 0
    ? ""
    : textElement("p", {}, "Without figures:") + element("ul", {}, items.join(""));
}

/** Writes the whole page; it needs no other file and no script. */
export function resultsPage(results: Results): string {
  const { answers, unanswered, targets } = results;
  const styleOf = peerStyles(answers.flatMap(({ series }) => series.map(({ peer }) => peer)));
  const links = answers.map(({ name }) => textElement("a", { href: `#${name}` }, name));
  const body = [
    textElement("h1", {}, TITLE),
    facts(results),
    textElement(
      "p",
      { class: "soft" },
      "Medians of the rounds; whiskers and brackets: the least and the greatest round. × is the median of the ratios within a round.",
    ),
    unansweredMarkup(unanswered),
    element("nav", {}, links.join("")),
    targetsMarkup(targets),
    ...answers.map((answer) => section(answer, styleOf)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<style>${STYLE}</style>
</head>
<body>
${body.join("\n")}
</body>
</html>
`;
}
