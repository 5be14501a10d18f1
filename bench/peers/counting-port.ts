import { Worker } from "node:worker_threads";
import { Fifo } from "../../src/common/fifo.ts";
import type { WorkerMessage } from "../handlers/counting-worker.ts";
import type { Counts } from "../handlers/counts.ts";

const WORKER = new URL("../handlers/counting-worker.js", import.meta.url);

/** A worker that counts what is posted to it, with nothing between. */
export class CountingPort {
  readonly #worker = new Worker(WORKER);
  readonly #answered = new Fifo<(answer: unknown) => void>();

  constructor() {
    this.#worker.on("message", (answer: unknown) => this.#answered.shift()?.(answer));
  }

  post(message: WorkerMessage): void {
    this.#worker.postMessage(message);
  }

  /** Posts what is answered. Messages keep their order: the answer comes when all before is handled. */
  ask(message: WorkerMessage): Promise<unknown> {
    return new Promise((resolve) => {
      this.#answered.push(resolve);
      this.post(message);
    });
  }

  counts(): Promise<Counts> {
    return this.ask("counts") as Promise<Counts>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
