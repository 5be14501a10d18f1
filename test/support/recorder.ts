import type { AnyEventRecord, CallbackHandler } from "../../src/index.ts";

/** An inline handler that keeps every record. */
export function recorder(flags: Partial<CallbackHandler> = {}) {
  const records: AnyEventRecord[] = [];
  return { ...flags, records, onEvent: (record: AnyEventRecord) => void records.push(record) };
}
