import { performance } from "node:perf_hooks";
import { Fifo } from "../../src/common/fifo.ts";
import { RESOLVED } from "../../src/common/thenable.ts";
import { dispatch } from "../../src/core/dispatch.ts";
import type { AnyEventRecord } from "../../src/core/events.ts";
import type { CallbackHandler } from "../../src/core/handler.ts";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import CountingHandler from "../handlers/counting.ts";
import type { Peer } from "../harness/peer.ts";
import { managerSenders } from "./sidecall.ts";

/** Longest stretch of handlers' work before the event loop gets its turn; one event may exceed it. */
const SLICE_MILLIS = 1;

/**
 * The fair alternative to threads: queues events and handles them on the same thread in slices, between which the event
 * loop has its turn. Each handler gets the events in order; the application never waits for a handler.
 */
export class YieldingHandler implements CallbackHandler {
  readonly name = "yielding";
  readonly #handlers: readonly CallbackHandler[];
  readonly #queue = new Fifo<AnyEventRecord>();
  #isDraining = false;
  #flushWaiters: (() => void)[] = [];

  constructor(handlers: readonly CallbackHandler[]) {
    this.#handlers = handlers;
  }

  onEvent(record: AnyEventRecord): void {
    this.#queue.push(record);
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#continueLater();
  }

  /** Resolves when every event so far is handled. */
  flush(): Promise<void> {
    if (!this.#isDraining) return RESOLVED;
    return new Promise((resolve) => this.#flushWaiters.push(resolve));
  }

  #continueLater(): void {
    setImmediate(() => void this.#drainSlice());
  }

  async #drainSlice(): Promise<void> {
    const end = performance.now() + SLICE_MILLIS;
    for (let record = this.#queue.shift(); record !== undefined; record = this.#queue.shift()) {
      const handled = dispatch(this.#handlers, record);
      if (handled !== RESOLVED) await handled;
      if (performance.now() >= end) break;
    }
    if (this.#queue.length > 0) return this.#continueLater();
    this.#isDraining = false;
    for (const resolve of this.#flushWaiters.splice(0)) resolve();
  }
}

export const YIELDING = "main thread, yielding";

export function yieldingPeer(): Peer {
  const counting = new CountingHandler();
  const handler = new YieldingHandler([counting]);
  return {
    name: YIELDING,
    ...managerSenders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: () => handler.flush(),
    counts: async () => [counting.counts()],
    close: () => handler.flush(),
  };
}
