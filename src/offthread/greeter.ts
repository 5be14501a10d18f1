import { MessageChannel, type Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import type { Piscina } from "piscina";
import { errorText, SidecallError } from "../errors.ts";
import { allocateGate, openGate } from "../shared-memory/gate.ts";
import { loadError } from "./lane-thread.ts";
import type { Greeting, LaneControl, LoadedHandler, LoadResult } from "./protocol.ts";

type Question<T> = (control: Remote<LaneControl>) => Promise<T>;
const MAX_ATTEMPTS = 3;

type Greeted = LoadResult & { readonly threadId: number };

/**
 * Reaches every thread of a pool whose tasks go to whichever is idle: as many greetings as there are threads wait for one
 * another, so that each thread takes one, and each opens a port of its own.
 */
export class Greeter {
  readonly #pool: Piscina;
  readonly #threads: number;
  readonly #controls = new Map<Worker, Remote<LaneControl>>();

  constructor(pool: Piscina, threads: number) {
    this.#pool = pool;
    this.#threads = threads;
  }

  /** Loads the handlers in every thread. Rejects with a coded error. */
  async greet(): Promise<readonly LoadedHandler[]> {
    const gate = allocateGate();
    const greetings = Array.from({ length: this.#threads }, () => this.#greetOne(gate));
    try {
      const [handlers] = await Promise.all(greetings);
      return handlers ?? [];
    } catch (error) {
      openGate(gate, this.#threads);
      throw error;
    }
  }

  /** Asks every thread. Rejects with SIDECALL_LANE_DIED if one ends before it answers. */
  async askAll<T>(question: Question<T>): Promise<T[]> {
    if (this.#pool.threads.some((thread) => !this.#controls.has(thread))) await this.greet();
    const controls = this.#pool.threads.map((thread) => [thread, this.#controls.get(thread)] as const);
    return Promise.all(
      controls.map(([thread, control]) => {
        if (control === undefined) throw deathError();
        return beforeExit(thread, question(control));
      }),
    );
  }

  /** Asks every thread, and again if one ends before it answers: its successor has an answer too. */
  async insist<T>(question: Question<T>): Promise<T[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.askAll(question);
      } catch (error) {
        const isDeath = error instanceof SidecallError && error.code === "SIDECALL_LANE_DIED";
        if (!isDeath || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async #greetOne(gate: Int32Array): Promise<readonly LoadedHandler[]> {
    const { port1, port2 } = new MessageChannel();
    const greeting = { control: port2, gate, threads: this.#threads } satisfies Greeting;
    const greeted: Greeted = await this.#pool
      .run(greeting, { name: "greet", transferList: [port2] })
      .catch((error: unknown) => {
        throw new SidecallError(
          "SIDECALL_LANE_DIED",
          `A worker thread ended while it loaded: ${errorText(error)}.`,
          error,
        );
      });
    if ("failure" in greeted) throw loadError(greeted.failure);
    const thread = this.#pool.threads.find(({ threadId }) => threadId === greeted.threadId);
    if (thread === undefined) throw deathError();
    this.#controls.set(thread, wrap<LaneControl>(port1));
    port1.unref();
    thread.once("exit", () => this.#controls.delete(thread));
    return greeted.handlers;
  }
}

function deathError(): SidecallError {
  return new SidecallError("SIDECALL_LANE_DIED", "A worker thread of an off-thread handler ended.");
}

/** The answer of a thread, which holds the process while it is awaited. */
async function beforeExit<T>(thread: Worker, answer: Promise<T>): Promise<T> {
  let onExit: () => void = () => undefined;
  const exit = new Promise<never>((_, reject) => {
    onExit = () => reject(deathError());
    thread.once("exit", onExit);
  });
  // The threads themselves never hold the process.
  const hold = setInterval(() => undefined, 2 ** 30);
  try {
    return await Promise.race([answer, exit]);
  } finally {
    clearInterval(hold);
    thread.off("exit", onExit);
  }
}
