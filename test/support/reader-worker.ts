import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ReaderReport, ReaderTask } from "../fixtures/token-reader-worker.ts";

const READER = new URL("../fixtures/token-reader-worker.js", import.meta.url);

/** A worker thread that reads a token queue. */
export class ReaderWorker {
  readonly worker: Worker;
  readonly reading: Promise<unknown>;
  readonly report: Promise<ReaderReport>;

  constructor(task: ReaderTask) {
    this.worker = new Worker(READER, { workerData: task });
    this.reading = once(this.worker, "message");
    // It rejects if an error of the thread overtakes the message.
    this.reading.catch(() => undefined);
    this.report = new Promise((resolve, reject) => {
      this.worker.on("message", (message: "reading" | "dying" | ReaderReport) => {
        if (typeof message !== "string") resolve(message);
      });
      this.worker.once("error", reject);
      this.worker.once("exit", () => reject(new Error("the reader ended without a report")));
    });
  }
}

/** Lets a reading worker go on token by token. */
export class Allowance {
  readonly buffer = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.buffer);

  allow(tokens: number): void {
    Atomics.add(this.#word, 0, tokens);
    Atomics.notify(this.#word, 0);
  }

  allowAll(): void {
    Atomics.store(this.#word, 0, -1);
    Atomics.notify(this.#word, 0);
  }
}
