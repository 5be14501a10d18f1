import { type AnyEventRecord, EVENT_INFO, EVENTS, type EventInfo, startName } from "../core/events.ts";
import { dottedSegment } from "./dotted-order.ts";

/** The events that open a run. */
export type StartRecord = Extract<AnyEventRecord, { readonly event: `${string}_start` }>;

export type RunType = "llm" | "chat_model" | "chain" | "tool" | "retriever";

/** What is known of a run as soon as it begins, and never changes. */
export interface RunHead {
  readonly id: string;
  readonly parentRunId: string | null;
  /** The id of the root run above it. */
  readonly traceId: string;
  /** Where it is in its trace, as text that sorts: start time and id of each run from the root down to it. */
  readonly dottedOrder: string;
  readonly name: string;
  readonly runType: RunType;
  /** Milliseconds since the epoch, with fractions. */
  readonly startTime: number;
}

/** Tokens of a run: how many, and when the first and the last came, in ms since the epoch. */
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

export function isStart(record: AnyEventRecord): record is StartRecord {
  return EVENT_INFO[record.event].phase === "start";
}

/** Whether an event can be of a run of this kind. */
export function isOfKind(record: AnyEventRecord, kind: EventInfo["kind"]): boolean {
  const own = EVENT_INFO[record.event].kind;
  return own === "any" || own === kind;
}

/** The kind in the event table: chat models and text models are one there. */
export function kindOf(runType: RunType): EventInfo["kind"] {
  return runType === "chat_model" ? "llm" : runType;
}

/** What comes in pieces, as many as there are: counted at most, never kept one by one. */
export function isPiece(record: AnyEventRecord): boolean {
  switch (record.event) {
    case "on_llm_new_token":
    case "on_stream_event":
    case "on_tool_event":
    case "on_chain_stream":
      return true;
    default:
      return false;
  }
}

function nameOf(record: StartRecord, runType: RunType): string {
  return startName(record) ?? (runType === "retriever" ? "Retriever" : runType);
}

/** `above`: the parent, if anything is known of it. */
export function runHead(
  record: StartRecord,
  above: Pick<RunHead, "traceId" | "dottedOrder"> | undefined,
): RunHead {
  const runType = record.event === "on_chat_model_start" ? "chat_model" : EVENTS[record.event].kind;
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
