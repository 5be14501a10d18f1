import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

const ID_BYTES = 16;
/** Random bytes for many ids: asking the system costs as much for one as for 256. */
const pool = new Uint8Array(256 * ID_BYTES);
let used = pool.byteLength;

let lastMillis = 0;
let sequence = 0;

function random(): Uint8Array {
  if (used === pool.byteLength) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
}

/**
 * A new UUIDv7. Ids of one process sort in the order of creation: within a millisecond, a counter with a random start
 * increases (RFC 9562, section 6.2, method 1).
 */
export function newRunId(): string {
  const bytes = random();
  const millis = Date.now();
  if (millis > lastMillis) {
    lastMillis = millis;
    sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) & 0x7fffffff;
  } else {
    sequence = (sequence + 1) | 0;
    // On overflow of the counter, borrow from the next millisecond.
    if (sequence === 0) lastMillis += 1;
  }
  return uuidv7({ random: bytes, msecs: lastMillis, seq: sequence });
}
