import { isDeepStrictEqual } from "node:util";
import vm from "node:vm";
import { HumanMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnyEventRecord, EVENT_INFO } from "../../src/core/events.ts";
import { BaseTracer, type TracedRun } from "../../src/index.ts";
import { JSON_RECORDER, lineOf } from "../../src/tracers/json-run.ts";
import { RunTrees } from "../../src/tracers/run-tree.ts";
import { decodeRecord, decodeRun, encodeFields, encodeRun, runOf } from "../../src/wire/records.ts";
import { anything } from "../support/anything.ts";
import { record } from "../support/records.ts";

class Kept extends BaseTracer {
  run: TracedRun | undefined;
  protected override persistRun(run: TracedRun): void {
    this.run = run;
  }
}

/** The record as a worker thread gets it. */
function arrived(sent: AnyEventRecord): AnyEventRecord {
  const info = EVENT_INFO[sent.event];
  const run = decodeRun(encodeRun(runOf(sent)).slice());
  return decodeRecord(info, run, sent.timestamp, encodeFields(info, sent).slice());
}

function traced(records: readonly AnyEventRecord[]): readonly [line: string, run: TracedRun | undefined] {
  const trees = new RunTrees(JSON_RECORDER);
  const kept = new Kept();
  let line = "";
  for (const each of records) {
    const step = trees.add(each);
    if (step?.isEnd === true) line = lineOf(step.run);
    kept.onEvent(each);
  }
  return [line, kept.run];
}

class Own {
  readonly field = 1;
}

const cycle: unknown[] = [];
cycle.push({ cycle });

const SPECIAL: readonly unknown[] = [
  () => 1,
  Symbol("s"),
  cycle,
  new Own(),
  new HumanMessage("hi"),
  new Error("e", { cause: 1 }),
  new Headers({ a: "b" }),
  new URL("http://a/b?c"),
  new URLSearchParams("a=b"),
  Promise.resolve(1),
  /a(?<b>c)/.exec("ac"),
  /a/g,
  vm.runInNewContext("new Map([[1, new Set([1])]])"),
  { toJSON: () => ({ shown: 1 }) },
  { absent: { toJSON: () => undefined } },
  Math,
  {
    get bad() {
      throw new Error("bad");
    },
  },
];

function expectSame(inputs: unknown, outputs: unknown, extra: unknown): void {
  const sent = [
    record("on_chain_start", "run", { inputs, extra: { extra }, metadata: { extra } } as object),
    record("on_custom_event", "run", { eventName: "e", data: outputs, metadata: {} } as object),
    record("on_chain_end", "run", { outputs } as object),
  ];
  const [line, run] = traced(sent);
  const [lineThere, runThere] = traced(sent.map(arrived));
  expect(line).not.toBe("");
  expect(lineThere).toBe(line);
  if (!isDeepStrictEqual(runThere, run)) expect(runThere).toEqual(run);
}

test("a tracer writes and keeps the same of what exceeds the limits", () => {
  const list = Array.from({ length: 300_000 }, () => 0);
  expectSame({ a: 1, list }, { list: ["x".repeat(5_000_000), 1] }, list);
});

test("a run that a live object describes has one name on every thread", () => {
  const model = { name: "own", apiKey: "key", toJSON: () => ({ lc: 1, id: ["models", "Chat"] }) };
  for (const serialized of [model, { toJSON: () => null }, { toJSON: () => "text" }]) {
    const sent = [
      record("on_chain_start", "run", { serialized, inputs: {}, metadata: {} } as object),
      record("on_chain_end", "run", { outputs: {} } as object),
    ];
    const [line] = traced(sent);
    expect(traced(sent.map(arrived))[0]).toBe(line);
    if (serialized === model) expect(line).toContain('"name":"Chat"');
  }
});

test("a tracer writes and keeps the same of any values, before and after they have crossed", () => {
  const value = fc.oneof(anything(), fc.constantFrom(...SPECIAL), fc.array(fc.constantFrom(...SPECIAL)));
  fc.assert(
    fc.property(value, value, value, (inputs, outputs, extra) => {
      expectSame(inputs, outputs, extra);
    }),
    { numRuns: 100 },
  );
});
