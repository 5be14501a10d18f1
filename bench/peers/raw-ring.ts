import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { v7 as uuidv7 } from "uuid";
import { allocateRing, NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import type { RingTotals } from "../handlers/ring-worker.ts";
import type { Chat, Peer, Send } from "../harness/peer.ts";
import { eventFrames, tokenFrame } from "./frames.ts";
import { endRecord, startRecord, tokenRecord } from "./records.ts";

const WORKER = new URL("../handlers/ring-worker.js", import.meta.url);
/** The default of a lane. */
const RING_BYTES = 4 * 1024 * 1024;
const RESOLVED = Promise.resolve();

export const RAW_RING = "raw ring";

function totalsOf(frames: readonly Uint8Array[]): RingTotals {
  const sumOf = (frame: Uint8Array) => frame.reduce((sum, byte) => sum + byte, 0);
  return {
    entries: frames.length,
    bytes: frames.reduce((sum, frame) => sum + frame.byteLength, 0),
    sum: frames.reduce((sum, frame) => sum + sumOf(frame), 0),
  };
}

/** Splits a frame that is too long for one entry, as a lane does. */
function piecesOf(frame: Uint8Array, maxBytes: number): Uint8Array[] {
  const count = Math.ceil(frame.byteLength / maxBytes);
  return Array.from({ length: count }, (_, i) => frame.subarray(i * maxBytes, (i + 1) * maxBytes));
}

function tokenFrames(runId: string, tokens: readonly string[]): Uint8Array[] {
  return tokens.map((token) => tokenFrame(tokenRecord(runId, token), token));
}

/**
 * The upper limit for a lane: sends frames encoded in advance through a ring like a lane's; the worker sums their bytes
 * instead of decoding them.
 */
class RawRing {
  readonly #producer: RingProducer;
  readonly #worker: Worker;
  #sent: RingTotals = { entries: 0, bytes: 0, sum: 0 };

  constructor() {
    const ring = allocateRing(RING_BYTES);
    this.#producer = new RingProducer(ring);
    this.#worker = new Worker(WORKER, { workerData: ring });
  }

  async ready(): Promise<void> {
    await this.totals();
  }

  /** Returns a send of all frames in order, each awaited as an application awaits its callbacks. */
  sender(frames: readonly Uint8Array[]): Send {
    const pieces = frames.flatMap((frame) => piecesOf(frame, this.#producer.maxBodyBytes));
    const { entries, bytes, sum } = totalsOf(pieces);
    return async () => {
      for (const piece of pieces) await this.#put(piece);
      const sent = this.#sent;
      this.#sent = { entries: sent.entries + entries, bytes: sent.bytes + bytes, sum: sent.sum + sum };
    };
  }

  /** Resolves with the worker's totals once it has read everything sent. */
  async totals(): Promise<RingTotals> {
    const answer = once(this.#worker, "message");
    this.#worker.postMessage("totals");
    const [totals] = await answer;
    return totals as RingTotals;
  }

  async check(): Promise<void> {
    const [sent, received] = [JSON.stringify(this.#sent), JSON.stringify(await this.totals())];
    if (sent !== received) throw new Error(`Expected ${sent} out of the raw ring, got ${received}.`);
  }

  checkRoom(bytes: number): void {
    const used = this.#producer.usedBytes + bytes;
    if (used <= RING_BYTES) return;
    throw new Error(`Expected the frames to fit a ring of ${RING_BYTES} bytes, got ${used} bytes of them.`);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #put(frame: Uint8Array): Promise<void> {
    return this.#tryPut(frame) ? RESOLVED : this.#putLater(frame);
  }

  #tryPut(frame: Uint8Array): boolean {
    const at = this.#producer.reserve(frame.byteLength);
    if (at < 0) return false;
    this.#producer.bytes.set(frame, at);
    this.#producer.commit(frame.byteLength);
    this.#producer.publish();
    this.#producer.wake(SLEEPING);
    return true;
  }

  async #putLater(frame: Uint8Array): Promise<void> {
    do {
      this.#producer.publish();
      this.#producer.wake(NAPPING);
      await this.#producer.space(frame.byteLength);
    } while (!this.#tryPut(frame));
  }
}

export async function rawRingPeer(): Promise<Peer> {
  const ring = new RawRing();
  await ring.ready();
  return {
    name: RAW_RING,
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const runId = uuidv7();
      await ring.sender(eventFrames(startRecord(runId, "")))();
      return ring.sender(tokenFrames(runId, tokens));
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      const frames = chats.flatMap(({ instruction, tokens, answer }) => {
        const runId = uuidv7();
        const [start, end] = [startRecord(runId, instruction), endRecord(runId, answer)];
        return [...eventFrames(start), ...tokenFrames(runId, tokens), ...eventFrames(end)];
      });
      return ring.sender(frames);
    },
    delivered: async () => void (await ring.totals()),
    // There is no handler: the worker's totals are compared with what was sent instead.
    async counts() {
      await ring.check();
      return [];
    },
    checkRoom: (bytes) => ring.checkRoom(bytes),
    close: () => ring.close(),
  };
}
