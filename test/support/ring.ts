import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { allocateRing, MIN_RING_BYTES, RELEASED, WRITTEN } from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";

/** A ring whose two positions are `position`, as after that many bytes. */
export function ringAt(position: number, minBytes = MIN_RING_BYTES): SharedArrayBuffer {
  const buffer = allocateRing(minBytes);
  const words = new Int32Array(buffer);
  words[WRITTEN] = position | 0;
  words[RELEASED] = position | 0;
  return buffer;
}

/** Both sides of a ring on one thread. */
export function bothSides(buffer = allocateRing(MIN_RING_BYTES)) {
  return { buffer, producer: new RingProducer(buffer), consumer: new RingConsumer(buffer) };
}

/** Writes an entry whose bytes all are `fill`. Returns whether there was room. */
export function write(
  producer: RingProducer,
  bodyBytes: number,
  fill: number,
  reserveBytes = bodyBytes,
): boolean {
  const at = producer.reserve(reserveBytes);
  if (at === -1) return false;
  producer.bytes.fill(fill, at, at + bodyBytes);
  producer.commit(bodyBytes);
  return true;
}

/** Reads every visible entry, and marks each as done. Returns copies of their bodies. */
export function readAll(consumer: RingConsumer): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let at = consumer.next(); at !== -1; at = consumer.next()) {
    bodies.push(consumer.bytes.slice(at, at + consumer.bodyBytes));
    consumer.markDone(at);
  }
  return bodies;
}
