import { constants } from "node:buffer";
import { jsonText } from "../common/json-text.ts";
import { type AnyEventRecord, EVENT_INFO, type StartRecord } from "../core/events.ts";
import { crossed } from "../wire/records.ts";
import { countToken, type EndRecord, ownFields, type RunHead, type TokenTimes } from "./run-head.ts";
import type { RunRecorder, TreeRun } from "./run-tree.ts";
import { extraOf, inputsOf, lateInputsOf, outputsOf } from "./run-values.ts";
import { tracedError } from "./traced-error.ts";

/*
 * Runs as JSON. Each value becomes text when its event arrives: what the application changes afterwards does not change
 * the tree, and a finished tree is written without serializing its parts again.
 */

export interface JsonRun extends TreeRun<JsonRun> {
  readonly tags: string;
  readonly metadata: string;
  readonly tokens: TokenTimes;
  readonly events: string[];
  inputs: string;
  outputs: string;
  extra: string;
  error: string;
  aborted: boolean;
}

function begin(start: StartRecord, head: RunHead): JsonRun {
  const record = crossed(start);
  return {
    inputs: jsonText(inputsOf(record)),
    extra: jsonText(extraOf(record)),
    tags: jsonText(record.tags),
    metadata: jsonText(record.metadata),
    children: [],
    events: [],
    tokens: { count: 0, firstTime: null, lastTime: null },
    endTime: null,
    outputs: "null",
    error: "null",
    aborted: false,
    // Last: in Node.js a spread is many times slower when this many properties follow it.
    ...head,
  };
}

function onEvent(run: JsonRun, record: AnyEventRecord): void {
  if (record.event === "on_llm_new_token") countToken(run.tokens, record.timestamp);
  else if (!EVENT_INFO[record.event].piece) {
    const { event, timestamp } = record;
    run.events.push(jsonText({ event, time: timestamp, ...ownFields(crossed(record)) }));
  }
}

function end(run: JsonRun, given: EndRecord): void {
  const record = crossed(given);
  const inputs = lateInputsOf(record);
  if (inputs !== undefined) run.inputs = jsonText(inputs);
  const outputs = outputsOf(record);
  if (outputs !== undefined) run.outputs = jsonText(outputs);
  const extra = extraOf(record);
  if (Object.keys(extra).length > 0) run.extra = jsonText({ ...JSON.parse(run.extra), ...extra });
  if ("error" in record) run.error = jsonText(tracedError(record.error));
  run.aborted = "aborted" in record && record.aborted === true;
}

export const JSON_RECORDER: RunRecorder<JsonRun> = { begin, onEvent, end };

/** A run's JSON up to its children. */
function openingOf(run: JsonRun): string {
  const { id, parentRunId, traceId, dottedOrder, name, runType, startTime, endTime } = run;
  const head = { id, parentRunId, traceId, dottedOrder, name, runType, startTime, endTime };
  const rest = [
    `"inputs":${run.inputs}`,
    `"outputs":${run.outputs}`,
    `"error":${run.error}`,
    ...(run.aborted ? ['"aborted":true'] : []),
    ...(run.extra === "{}" ? [] : [`"extra":${run.extra}`]),
    `"tags":${run.tags}`,
    `"metadata":${run.metadata}`,
    `"tokens":${JSON.stringify(run.tokens)}`,
    ...(run.events.length === 0 ? [] : [`"events":[${run.events.join(",")}]`]),
  ];
  return `${JSON.stringify(head).slice(0, -1)},${rest.join(",")},"children":[`;
}

/**
 * A tree as a line of JSON, without its line break. An explicit stack takes trees of any depth, and each text is joined
 * once. Throws a RangeError if the line is longer than a string can be: dotted orders grow with the square of the depth.
 */
export function lineOf(root: JsonRun): string {
  const texts: string[] = [];
  let characters = 0;
  const rest: (JsonRun | string)[] = [root];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === "string") {
      texts.push(next);
      continue;
    }
    const opening = openingOf(next);
    characters += opening.length;
    if (characters > constants.MAX_STRING_LENGTH)
      throw new RangeError(`run ${root.id} is too large for a line`);
    texts.push(opening);
    rest.push("]}");
    for (const [i, child] of next.children.toReversed().entries()) {
      if (i > 0) rest.push(",");
      rest.push(child);
    }
  }
  return texts.join("");
}
