import type { AnyEventRecord, EventInfo, RunDescription, RunIdentity } from "../events.ts";
import { decodeValue, encodeValue } from "./codec.ts";

type Fields = Record<string, unknown>;

/** What a run's number stands for on the reading side: the fields that all of the run's events share. */
export interface WireRun extends RunIdentity, Pick<RunDescription, "metadata" | "name"> {}

/**
 * The own fields of an event as msgpack, in memory that the next call overwrites: a bit for each field of the row that is
 * there, then their values. A field that is undefined is not there.
 */
export function encodeFields(info: EventInfo, record: AnyEventRecord): Uint8Array {
  const fields = record as unknown as Fields;
  const values: unknown[] = [0];
  let present = 0;
  for (const [bit, field] of info.fields.entries()) {
    const value = fields[field];
    if (value === undefined) continue;
    present |= 1 << bit;
    values.push(value);
  }
  values[0] = present;
  return encodeValue(values);
}

/** The record that `encodeFields` was given, with the run's fields put back. `payload` must not change afterwards. */
export function decodeRecord(
  info: EventInfo,
  run: WireRun,
  timestamp: number,
  payload: Uint8Array,
): AnyEventRecord {
  const { runId, parentRunId, traceId, tags, metadata, name } = run;
  const record: Fields = { event: info.event, runId, parentRunId, traceId, tags, timestamp };
  const [present, ...values] = decodeValue(payload) as [number, ...unknown[]];
  let next = 0;
  for (const [bit, field] of info.fields.entries()) {
    if ((present & (1 << bit)) !== 0) record[field] = values[next++];
  }
  if (info.described) {
    record["metadata"] = metadata;
    if (name !== undefined) record["name"] = name;
  }
  return record as unknown as AnyEventRecord;
}
