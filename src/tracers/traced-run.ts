import { isObject, type JsonObject } from "../common/json-object.ts";
import type { AnyEventRecord, EventName, LLMResult } from "../core/events.ts";
import { attempt, generationsOf, messageFields, sumUsage } from "../llm/usage.ts";
import {
  countToken,
  isPiece,
  ownFields,
  type RunHead,
  type StartRecord,
  type TokenTimes,
} from "./run-head.ts";
import type { RunRecorder, TreeRun } from "./run-tree.ts";
import { inputsOf, lateInputsOf, outputsOf, type RunValues, toolCallIdOf } from "./run-values.ts";
import { type TracedError, tracedError } from "./traced-error.ts";

/** Something that happened in a run: a retry, text, custom event, agent action or finish, with its own fields. */
export interface TracedEvent {
  readonly event: EventName;
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number;
  readonly [field: string]: unknown;
}

/** A run with all runs below it. Times are ms since the epoch, with fractions. It can be cloned and posted to threads. */
export interface TracedRun extends RunHead {
  /** Null while the run is open. */
  readonly endTime: number | null;
  /** By kind: `{prompts}`, `{messages}`, `{query}`; of chains and tools their own object, or `{input}`. */
  readonly inputs: RunValues;
  /** By kind: `{generations, llmOutput}`, `{output}`, `{documents}`; of chains their own object, or `{output}`. */
  readonly outputs: RunValues | null;
  /** What was thrown, as text if it was no Error; null unless the run failed. */
  readonly error: TracedError | string | null;
  /** What the start told besides, with `toolCallId` and `toolCallCount` where there are such. */
  readonly extra: RunValues;
  readonly tags: readonly string[];
  /** The start's, with `usageMetadata` of a model whose answer says what it has used. */
  readonly metadata: RunValues;
  readonly tokens: Readonly<TokenTimes>;
  readonly events: readonly TracedEvent[];
  readonly serialized: RunValues | null;
  readonly children: readonly TracedRun[];
}

/** A run that still changes. */
export interface GrowingRun extends TracedRun, TreeRun<GrowingRun> {
  endTime: number | null;
  inputs: RunValues;
  outputs: RunValues | null;
  error: TracedError | string | null;
  extra: RunValues;
  metadata: RunValues;
  readonly tokens: TokenTimes;
  readonly events: TracedEvent[];
  readonly children: GrowingRun[];
}

/** What becomes of a value before a run keeps it. */
type Keep = (value: unknown) => unknown;

function keepObject(value: object, keep: Keep): JsonObject {
  const kept = keep(value);
  return isObject(kept) ? kept : {};
}

/** What a model's answer says of itself: how many tools it calls, and what it has used. */
function noteAnswer(run: GrowingRun, response: LLMResult): void {
  const calls = generationsOf(response).map((each) => attempt(() => messageFields(each)?.["tool_calls"]));
  const toolCallCount = calls.reduce<number>((sum, each) => sum + (Array.isArray(each) ? each.length : 0), 0);
  if (toolCallCount > 0) run.extra = { ...run.extra, toolCallCount };
  const usageMetadata = sumUsage(response);
  if (usageMetadata !== undefined) run.metadata = { ...run.metadata, usageMetadata };
}

function begin(record: StartRecord, head: RunHead, keep: Keep): GrowingRun {
  return {
    endTime: null,
    inputs: keepObject(inputsOf(record), keep),
    outputs: null,
    error: null,
    extra: { ...keepObject(record.extra ?? {}, keep), ...toolCallIdOf(record) },
    tags: [...record.tags],
    metadata: keepObject(record.metadata, keep),
    tokens: { count: 0, firstTime: null, lastTime: null },
    events: [],
    serialized: record.serialized === null ? null : keepObject(record.serialized, keep),
    children: [],
    // Last: Node.js takes many times as long for a spread that so many properties follow.
    ...head,
  };
}

function onEvent(run: GrowingRun, record: AnyEventRecord, keep: Keep): void {
  if (record.event === "on_llm_new_token") countToken(run.tokens, record.timestamp);
  else if (!isPiece(record)) {
    const own = keepObject(ownFields(record), keep);
    run.events.push({ ...own, event: record.event, time: record.timestamp });
  }
}

function end(run: GrowingRun, record: AnyEventRecord, keep: Keep): void {
  const inputs = lateInputsOf(record);
  if (inputs !== undefined) run.inputs = keepObject(inputs, keep);
  const outputs = outputsOf(record);
  if (outputs !== undefined) run.outputs = keepObject(outputs, keep);
  if ("error" in record) run.error = tracedError(record.error);
  run.extra = { ...run.extra, ...toolCallIdOf(record) };
  if ("response" in record && record.response !== undefined) noteAnswer(run, record.response);
}

/** Keeps runs as objects, their values as `keep` gives them back. */
export function objectRecorder(keep: Keep): RunRecorder<GrowingRun> {
  return {
    begin: (record, head) => begin(record, head, keep),
    onEvent: (run, record) => onEvent(run, record, keep),
    end: (run, record) => end(run, record, keep),
  };
}
