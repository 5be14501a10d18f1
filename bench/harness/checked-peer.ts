import { add, type Counts, NOTHING } from "./counts.ts";
import type { Load } from "./load.ts";
import type { Peer, Send } from "./peer.ts";
import type { Opener } from "./question.ts";

/** Sends one load through one peer, any number of times. */
export class Sender {
  readonly peer: CheckedPeer;
  readonly load: Load;
  readonly #send: Send;
  #sends = 0;

  constructor(peer: CheckedPeer, load: Load, send: Send) {
    this.peer = peer;
    this.load = load;
    this.#send = send;
  }

  /** The counts that a handler must have reached by all sends so far. */
  get sent(): Counts {
    return add(this.load.opening, this.load.counts, this.#sends);
  }

  send(): Promise<void> {
    this.#sends += 1;
    return this.#send();
  }

  /** Throws unless `times` more sends fit without waiting for room. */
  checkRoom(times: number): void {
    this.peer.peer.checkRoom?.(times * this.load.bytes);
  }
}

/** A peer and everything sent through it, so that its handlers' counts can be verified. */
export class CheckedPeer {
  readonly peer: Peer;
  readonly #senders: Sender[] = [];

  constructor(peer: Peer) {
    this.peer = peer;
  }

  get name(): string {
    return this.peer.name;
  }

  async open(load: Load): Promise<Sender> {
    const sender = new Sender(this, load, await load.prepare(this.peer));
    this.#senders.push(sender);
    return sender;
  }

  delivered(): Promise<void> {
    return this.peer.delivered();
  }

  /** Rejects unless every handler has counted exactly what was sent. */
  async verify(): Promise<void> {
    await this.delivered();
    const expected = JSON.stringify(this.#senders.reduce((sum, { sent }) => add(sum, sent), NOTHING));
    for (const [i, counts] of (await this.peer.counts()).entries()) {
      const counted = JSON.stringify(counts);
      if (counted === expected) continue;
      throw new Error(`Expected handler ${i} of "${this.name}" to have counted ${expected}, got ${counted}.`);
    }
  }
}

/** Opens the peers in order, runs `work`, and closes the peers even if opening or `work` fails. */
export async function withPeers<T>(
  openers: readonly Opener[],
  work: (peers: readonly CheckedPeer[]) => Promise<T>,
): Promise<T> {
  const peers: CheckedPeer[] = [];
  try {
    for (const open of openers) peers.push(new CheckedPeer(await open()));
    return await work(peers);
  } finally {
    await Promise.all(peers.map(({ peer }) => peer.close()));
  }
}
