import { isPlainData } from "../common/plain-data.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  type EventInfo,
  type RunDescription,
  type RunIdentity,
} from "../core/events.ts";
import type { SinkRun } from "../core/relay.ts";
import type { ResolvedLimits } from "../values/limits.ts";
import { decodeValue, encodeTuple } from "./codec.ts";

type Fields = Record<string, unknown>;

/** The fields that all events of a run share. They cross once a run. */
export interface WireRun extends RunIdentity, Pick<RunDescription, "metadata" | "name"> {}

/** A run's shared fields on the wire; null for an absent one. */
type RunTuple = readonly [
  runId: string,
  parentRunId: string | null,
  traceId: string,
  tags: readonly string[],
  metadata: Readonly<Record<string, unknown>>,
  name: string | null,
];

/** Picks the run's fields out of a record. */
export function runOf(record: AnyEventRecord | SinkRun): WireRun {
  const { runId, parentRunId, traceId, tags } = record;
  const { metadata = {}, name }: Partial<RunDescription> = "metadata" in record ? record : {};
  return { runId, parentRunId, traceId, tags, metadata, name };
}

/** Encodes a run as msgpack, in memory that the next call overwrites. */
export function encodeRun(run: WireRun, limits?: ResolvedLimits): Uint8Array {
  const { runId, parentRunId, traceId, tags, metadata, name } = run;
  const tuple: RunTuple = [runId, parentRunId ?? null, traceId, tags, metadata, name ?? null];
  return encodeTuple(tuple, limits);
}

export function decodeRun(bytes: Uint8Array): WireRun {
  const [runId, parentRunId, traceId, tags, metadata, name] = decodeValue(bytes) as RunTuple;
  return {
    runId,
    parentRunId: parentRunId ?? undefined,
    traceId,
    tags: Object.freeze(tags),
    metadata: Object.freeze(metadata),
    name: name ?? undefined,
  };
}

/**
 * Encodes the own fields of an event as msgpack, in memory that the next call overwrites: a bit mask of the fields that
 * are present, then their values. An undefined field is absent.
 */
export function encodeFields(info: EventInfo, record: AnyEventRecord, limits?: ResolvedLimits): Uint8Array {
  const fields = record as unknown as Fields;
  const values: unknown[] = [0];
  let present = 0;
  for (let bit = 0; bit < info.fields.length; bit += 1) {
    const value = fields[info.fields[bit] ?? ""];
    if (value === undefined) continue;
    present |= 1 << bit;
    values.push(value);
  }
  values[0] = present;
  return encodeTuple(values, limits);
}

/** Records that have crossed. */
const arrivals = new WeakSet<object>();

/**
 * Returns the record as it arrives in a worker thread: itself if it has arrived there, or holds data of JSON alone. What is
 * kept or written of it is then the same wherever its handler runs.
 */
export function crossed<Record extends AnyEventRecord>(record: Record): Record {
  if (arrivals.has(record)) return record;
  const info = EVENT_INFO[record.event];
  const fields = record as unknown as Fields;
  const own = info.fields.map((field) => fields[field]);
  if (isPlainData([...own, fields["metadata"]])) return record;
  const run = decodeRun(encodeRun(runOf(record)).slice());
  return decodeRecord(info, run, record.timestamp, encodeFields(info, record).slice()) as Record;
}

/** Rebuilds the record that `encodeFields` was given. `payload` must not change afterwards. */
export function decodeRecord(
  info: EventInfo,
  run: WireRun,
  timestamp: number,
  payload: Uint8Array,
): AnyEventRecord {
  const { runId, parentRunId, traceId, tags, metadata, name } = run;
  const record: Fields = { event: info.event, runId, parentRunId, traceId, tags, timestamp };
  const [present, ...values] = decodeValue(payload) as [number, ...unknown[]];
  const own: Fields = {};
  let next = 0;
  for (const [bit, field] of info.fields.entries()) {
    if ((present & (1 << bit)) !== 0) own[field] = values[next++];
    // Every error event has this field, whatever was thrown.
    else if (field === "error") own[field] = undefined;
  }
  if (info.described) {
    // In the order of a run's own records, so that printing or hashing a record gives the same.
    record["metadata"] = metadata;
    if (name !== undefined) record["name"] = name;
    if ("extra" in own) record["extra"] = own["extra"];
  }
  arrivals.add(record);
  return Object.assign(record, own) as unknown as AnyEventRecord;
}
