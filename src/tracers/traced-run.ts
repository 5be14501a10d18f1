import { isObject, type JsonObject } from "../common/json-object.ts";
import { type AnyEventRecord, EVENT_INFO, type EventName, type StartRecord } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { toolCallsOf } from "../core/tool-calls.ts";
import { generationsOf } from "../llm/generations.ts";
import { sumUsage } from "../llm/usage.ts";
import { crossed } from "../wire/records.ts";
import { countToken, type EndRecord, ownFields, type RunHead, type TokenTimes } from "./run-head.ts";
import type { RunRecorder, TreeRun } from "./run-tree.ts";
import { inputsOf, lateInputsOf, outputsOf, type RunValues, withToolCallId } from "./run-values.ts";
import { type TracedError, tracedError } from "./traced-error.ts";

/** An event of a run between its start and end (retry, text, custom event, agent action or finish), with its own fields. */
export interface TracedEvent {
  readonly event: EventName;
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number;
  readonly [field: string]: unknown;
}

/** A run with all runs below it. Times are ms since the epoch, with fractions. `structuredClone` and `postMessage` take it. */
export interface TracedRun extends RunHead {
  /** Null while the run is open. */
  readonly endTime: number | null;
  /** By kind: `{prompts}`, `{messages}`, `{query}`; of chains and tools their own object, or `{input}`. */
  readonly inputs: RunValues;
  /** By kind: `{generations, llmOutput}`, `{output}`, `{documents}`; of chains their own object, or `{output}`. */
  readonly outputs: RunValues | null;
  /** The error, or text for a thrown value that is no Error; null unless the run failed. */
  readonly error: TracedError | string | null;
  /** The abort of the run's signal caused the error; absent otherwise. */
  readonly aborted?: true;
  /** The start's `extra`, with `toolCallId` and `toolCallCount` if there are any. */
  readonly extra: RunValues;
  readonly tags: readonly string[];
  /** The start's, with `usageMetadata` if a model's answer reports usage. */
  readonly metadata: RunValues;
  readonly tokens: Readonly<TokenTimes>;
  readonly events: readonly TracedEvent[];
  readonly serialized: RunValues | null;
  readonly children: readonly TracedRun[];
}

/** A run while its tree is open. */
export interface GrowingRun extends TracedRun, TreeRun<GrowingRun> {
  endTime: number | null;
  inputs: RunValues;
  outputs: RunValues | null;
  error: TracedError | string | null;
  aborted?: true;
  extra: RunValues;
  metadata: RunValues;
  readonly tokens: TokenTimes;
  readonly events: TracedEvent[];
  readonly children: GrowingRun[];
}

/** Returns what a run keeps of a value. */
type Keep = (value: unknown) => unknown;

function keepObject(value: object, keep: Keep): JsonObject {
  const kept = keep(value);
  return isObject(kept) ? kept : {};
}

/** Adds the number of tool calls and the usage that a model's answer reports. */
function addAnswer(run: GrowingRun, response: LLMResult): void {
  const calls = generationsOf(response).flatMap(({ message }) => toolCallsOf(message));
  const toolCallCount = calls.filter(({ isOpen }) => isOpen).length;
  if (toolCallCount > 0) run.extra = { ...run.extra, toolCallCount };
  const usageMetadata = sumUsage(response);
  if (usageMetadata !== undefined) run.metadata = { ...run.metadata, usageMetadata };
}

function begin(start: StartRecord, head: RunHead, keep: Keep): GrowingRun {
  const record = crossed(start);
  return {
    endTime: null,
    inputs: keepObject(inputsOf(record), keep),
    outputs: null,
    error: null,
    extra: withToolCallId(keepObject(record.extra ?? {}, keep), record),
    tags: [...record.tags],
    metadata: keepObject(record.metadata, keep),
    tokens: { count: 0, firstTime: null, lastTime: null },
    events: [],
    serialized: record.serialized === null ? null : keepObject(record.serialized, keep),
    children: [],
    // Last: in Node.js a spread is many times slower when this many properties follow it.
    ...head,
  };
}

function onEvent(run: GrowingRun, record: AnyEventRecord, keep: Keep): void {
  if (record.event === "on_llm_new_token") countToken(run.tokens, record.timestamp);
  else if (!EVENT_INFO[record.event].piece) {
    const own = keepObject(ownFields(crossed(record)), keep);
    run.events.push({ ...own, event: record.event, time: record.timestamp });
  }
}

function end(run: GrowingRun, given: EndRecord, keep: Keep): void {
  const record = crossed(given);
  const inputs = lateInputsOf(record);
  if (inputs !== undefined) run.inputs = keepObject(inputs, keep);
  const outputs = outputsOf(record);
  if (outputs !== undefined) run.outputs = keepObject(outputs, keep);
  if ("error" in record) run.error = tracedError(record.error);
  if ("aborted" in record && record.aborted) run.aborted = true;
  run.extra = withToolCallId(run.extra, record);
  if ("response" in record && record.response !== undefined) addAnswer(run, record.response);
}

/** Records runs as objects, their values as `keep` returns them. */
export function objectRecorder(keep: Keep): RunRecorder<GrowingRun> {
  return {
    begin: (record, head) => begin(record, head, keep),
    onEvent: (run, record) => onEvent(run, record, keep),
    end: (run, record) => end(run, record, keep),
  };
}
