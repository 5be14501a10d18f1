import type { AnyEventRecord, EventInfo, EventRecord } from "../core/events.ts";
import type { ResolvedLimits } from "../values/limits.ts";
import { encodeFields } from "../wire/records.ts";
import type { Importance } from "./overflow.ts";

/** An event as every transport sends it. */
export interface EncodedEvent {
  /** Code of the event in the event table. */
  readonly code: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly timestamp: number;
  /** msgpack of the event's own fields, in memory that the next encoding overwrites. */
  readonly payload: Uint8Array;
  readonly importance: Exclude<Importance, "definition">;
}

/** Never throws, whatever the record holds. */
export function encodeEvent(info: EventInfo, record: AnyEventRecord, limits: ResolvedLimits): EncodedEvent {
  return {
    code: info.code,
    timestamp: record.timestamp,
    payload: encodeFields(info, record, limits),
    importance: info.droppable ? "droppable" : "lifecycle",
  };
}

/** Whether a token can cross as its bare text: it is a string, of the first completion, and has no chunk. */
export function isPlainToken({ token, index, chunk }: EventRecord<"on_llm_new_token">): boolean {
  if (chunk !== undefined || typeof token !== "string") return false;
  try {
    return index.prompt === 0 && index.completion === 0;
  } catch {
    // Encoding puts a stand-in where an index cannot be read.
    return false;
  }
}
