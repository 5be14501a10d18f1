import {
  type AnyEventRecord,
  EVENT_INFO,
  EVENTS,
  type EventInfo,
  isRunEnd,
  type RecordOf,
  type StartRecord,
  startName,
} from "../core/events.ts";
import { dottedSegment } from "./dotted-order.ts";

/** An event that ends a run. */
export type EndRecord = RecordOf<{ phase: "end" }> | RecordOf<{ phase: "error" }>;

export type RunType = "llm" | "chat_model" | "chain" | "tool" | "retriever";

/** The part of a run that its start settles. */
export interface RunHead {
  readonly id: string;
  readonly parentRunId: string | null;
  /** The id of the root run above it. */
  readonly traceId: string;
  /** The run's place in its trace, as text that sorts: start time and id of each run from the root down to it. */
  readonly dottedOrder: string;
  readonly name: string;
  readonly runType: RunType;
  /** Milliseconds since the epoch, with fractions. */
  readonly startTime: number;
}

/** A run's tokens: their number, and the times of the first and the last, in ms since the epoch. */
export interface TokenTimes {
  count: number;
  firstTime: number | null;
  lastTime: number | null;
}

export function countToken(tokens: TokenTimes, time: number): void {
  tokens.count += 1;
  tokens.firstTime ??= time;
  tokens.lastTime = time;
}

/** `info`: the event's row; a caller that has it spares a look-up per token. */
export function isStart(record: AnyEventRecord, info = EVENT_INFO[record.event]): record is StartRecord {
  return info.phase === "start";
}

export function isEnd(record: AnyEventRecord, info = EVENT_INFO[record.event]): record is EndRecord {
  return isRunEnd(info);
}

/** Whether an event can be of a run of this kind. */
export function isOfKind({ kind: own }: EventInfo, kind: EventInfo["kind"]): boolean {
  return own === "any" || own === kind;
}

/** Chat models are a type of their own here, and of kind "llm" in the event table. */
export function runTypeOf(record: StartRecord): RunType {
  return record.event === "on_chat_model_start" ? "chat_model" : EVENTS[record.event].kind;
}

export function kindOf(runType: RunType): EventInfo["kind"] {
  return runType === "chat_model" ? "llm" : runType;
}

function nameOf(record: StartRecord, runType: RunType): string {
  return startName(record) ?? (runType === "retriever" ? "Retriever" : runType);
}

/** `above`: the parent, if anything is known of it. */
export function runHead(
  record: StartRecord,
  above: Pick<RunHead, "traceId" | "dottedOrder"> | undefined,
): RunHead {
  const runType = runTypeOf(record);
  const segment = dottedSegment(record.timestamp, record.runId);
  return {
    id: record.runId,
    parentRunId: record.parentRunId ?? null,
    traceId: above?.traceId ?? record.traceId,
    dottedOrder: above === undefined ? segment : `${above.dottedOrder}.${segment}`,
    name: nameOf(record, runType),
    runType,
    startTime: record.timestamp,
  };
}

/** An event's own fields that have a value. */
export function ownFields(record: AnyEventRecord): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { ...record };
  const own = EVENT_INFO[record.event].fields.filter((field) => values[field] !== undefined);
  return Object.fromEntries(own.map((field) => [field, values[field]]));
}
