import { Worker } from "node:worker_threads";
import { Fifo } from "../../src/common/fifo.ts";
import type { WorkerMessage } from "../handlers/counting-worker.ts";
import type { Counts } from "../harness/counts.ts";

const WORKER = new URL("../handlers/counting-worker.js", import.meta.url);

/** A counting worker behind a plain message port. */
export class CountingPort {
  readonly #worker = new Worker(WORKER);
  readonly #answered = new Fifo<(answer: unknown) => void>();

  constructor() {
    this.#worker.on("message", (answer: unknown) => this.#answered.shift()?.(answer));
  }

  post(message: WorkerMessage): void {
    this.#worker.postMessage(message);
  }

  /** Posts a message that the worker answers. Messages keep their order: all before it are handled by then. */
  call(message: WorkerMessage): Promise<unknown> {
    return new Promise((resolve) => {
      this.#answered.push(resolve);
      this.post(message);
    });
  }

  counts(): Promise<Counts> {
    return this.call("counts") as Promise<Counts>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
