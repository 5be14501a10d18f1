import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import type { Piscina } from "piscina";
import { errorText, SidecallError } from "../../common/errors.ts";
import { allocateGate, openGate } from "../../shared-memory/barrier.ts";
import type { Greeting, LaneControl, LoadedHandler, LoadResult } from "../../wire/protocol.ts";
import { loadError } from "../lanes/lane-thread.ts";
import { ThreadLife } from "../pending-answers.ts";

type Question<T> = (control: Remote<LaneControl>) => Promise<T>;
const MAX_ATTEMPTS = 3;

type Greeted = LoadResult & { readonly threadId: number };

/** A thread that can be asked. */
interface Known {
  readonly control: Remote<LaneControl>;
  readonly life: ThreadLife;
}

/**
 * Reaches every thread of a pool whose tasks go to whichever is idle: as many greetings as there are threads wait for one
 * another, so that each thread takes one, and each opens a port of its own.
 */
export class Greeter {
  readonly #pool: Piscina;
  readonly #threads: number;
  readonly #known = new Map<Worker, Known>();
  #round: Promise<readonly LoadedHandler[]> | undefined;

  constructor(pool: Piscina, threads: number) {
    this.#pool = pool;
    this.#threads = threads;
  }

  /**
   * Loads the handlers in every thread. Rejects with a coded error. One round at a time: of two, each could hold threads
   * that the other waits for.
   */
  greet(): Promise<readonly LoadedHandler[]> {
    this.#round ??= this.#greetAll().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** Asks every thread. Rejects with SIDECALL_LANE_DIED if one ends before it answers. */
  async askAll<T>(question: Question<T>): Promise<T[]> {
    if (this.#pool.threads.some((thread) => !this.#known.has(thread))) await this.greet();
    const { threads } = this.#pool;
    if (threads.length === 0) throw deathError();
    return Promise.all(
      threads.map(async (thread) => {
        const known = this.#known.get(thread);
        if (known === undefined) throw deathError();
        return held(known.life.answer(question(known.control)));
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

  async #greetAll(): Promise<readonly LoadedHandler[]> {
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
    if (this.#known.has(thread)) port1.close();
    else this.#know(thread, port1);
    return greeted.handlers;
  }

  #know(thread: Worker, control: MessagePort): void {
    const life = new ThreadLife();
    this.#known.set(thread, { control: wrap<LaneControl>(control), life });
    control.unref();
    thread.once("exit", () => {
      this.#known.delete(thread);
      life.end(deathError());
    });
  }
}

function deathError(): SidecallError {
  return new SidecallError("SIDECALL_LANE_DIED", "A worker thread of an off-thread handler ended.");
}

/** An answer that holds the process while it is awaited: the threads themselves never do. */
async function held<T>(answer: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, 2 ** 30);
  try {
    return await answer;
  } finally {
    clearInterval(hold);
  }
}
