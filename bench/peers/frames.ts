import { type AnyEventRecord, EVENT_INFO } from "../../src/core/events.ts";
import {
  EVENT,
  FRAME_HEAD_BYTES,
  maxTextBytes,
  RUN,
  writeHead,
  writeTimestamp,
  writeToken,
} from "../../src/wire/frames.ts";
import { encodeFields, encodeRun, runOf } from "../../src/wire/records.ts";

/*
 * Encodes events in advance, as a lane writes them to its ring.
 */

const RUN_NUMBER = 1;

function memory(byteLength: number) {
  const bytes = new Uint8Array(byteLength);
  return { bytes, data: new DataView(bytes.buffer) };
}

function frame(kind: number, { event, timestamp }: AnyEventRecord, payload: Uint8Array): Uint8Array {
  const into = memory(FRAME_HEAD_BYTES + payload.byteLength);
  const { code } = EVENT_INFO[event];
  writeHead(into, 0, { kind, code, flags: 0, runNumber: RUN_NUMBER, timestamp });
  into.bytes.set(payload, FRAME_HEAD_BYTES);
  return into.bytes;
}

export function tokenFrame(record: AnyEventRecord, token: string): Uint8Array {
  const into = memory(FRAME_HEAD_BYTES + maxTextBytes(token));
  writeTimestamp(into, 0, record.timestamp);
  return into.bytes.subarray(0, FRAME_HEAD_BYTES + writeToken(into, 0, token, RUN_NUMBER));
}

/** Encodes an event; a start becomes two frames, the run's definition and the event. */
export function eventFrames(record: AnyEventRecord): Uint8Array[] {
  const event = frame(EVENT, record, encodeFields(EVENT_INFO[record.event], record));
  return "metadata" in record ? [frame(RUN, record, encodeRun(runOf(record))), event] : [event];
}
