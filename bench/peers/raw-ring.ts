import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { v7 as uuidv7 } from "uuid";
import { allocateRing, NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import type { RingTotals } from "../handlers/ring-worker.ts";
import { eventFrames, tokenFrame } from "./frames.ts";
import { type Chat, nothing, type Peer, type Send } from "./peer.ts";
import { endRecord, startRecord, tokenRecord } from "./records.ts";

const WORKER = new URL("../handlers/ring-worker.js", import.meta.url);
/** As large as a lane's by default. */
const RING_BYTES = 4 * 1024 * 1024;

const ENTRY_DONE = nothing();

export const RAW_RING = "raw ring";

function totalsOf(frames: readonly Uint8Array[]): RingTotals {
  const sumOf = (frame: Uint8Array) => frame.reduce((sum, byte) => sum + byte, 0);
  return {
    records: frames.length,
    bytes: frames.reduce((sum, frame) => sum + frame.byteLength, 0),
    sum: frames.reduce((sum, frame) => sum + sumOf(frame), 0),
  };
}

/** A frame too long for the ring goes in pieces, as a lane's does. */
function piecesOf(frame: Uint8Array, maxBytes: number): Uint8Array[] {
  const count = Math.ceil(frame.byteLength / maxBytes);
  return Array.from({ length: count }, (_, i) => frame.subarray(i * maxBytes, (i + 1) * maxBytes));
}

function tokenFrames(runId: string, tokens: readonly string[]): Uint8Array[] {
  return tokens.map((token) => tokenFrame(tokenRecord(runId, token), token));
}

/**
 * The limit: the bytes that a lane would get, made in advance, go through a ring like a lane's, and are added up on the
 * other side instead of being decoded.
 */
class RawRing {
  readonly #producer: RingProducer;
  readonly #worker: Worker;
  #sent: RingTotals = { records: 0, bytes: 0, sum: 0 };

  constructor() {
    const ring = allocateRing(RING_BYTES);
    this.#producer = new RingProducer(ring);
    this.#worker = new Worker(WORKER, { workerData: ring });
  }

  async ready(): Promise<void> {
    await this.totals();
  }

  /** Sends all frames, one after the other, as an application awaits one callback after the other. */
  sender(frames: readonly Uint8Array[]): Send {
    const pieces = frames.flatMap((frame) => piecesOf(frame, this.#producer.maxBodyBytes));
    const { records, bytes, sum } = totalsOf(pieces);
    return async () => {
      for (const piece of pieces) await this.#put(piece);
      const sent = this.#sent;
      this.#sent = { records: sent.records + records, bytes: sent.bytes + bytes, sum: sent.sum + sum };
    };
  }

  /** What has come out, once all that was sent is out. */
  async totals(): Promise<RingTotals> {
    const answer = once(this.#worker, "message");
    this.#worker.postMessage("totals");
    const [totals] = await answer;
    return totals as RingTotals;
  }

  async check(): Promise<void> {
    const [sent, came] = [JSON.stringify(this.#sent), JSON.stringify(await this.totals())];
    if (sent !== came) throw new Error(`Expected ${sent} out of the raw ring, got ${came}.`);
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
    return this.#tryPut(frame) ? ENTRY_DONE : this.#putLater(frame);
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
    // No handler counts here: what came out is compared with what went in.
    async counts() {
      await ring.check();
      return [];
    },
    checkRoom: (bytes) => ring.checkRoom(bytes),
    close: () => ring.close(),
  };
}
