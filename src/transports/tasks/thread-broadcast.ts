import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import type { Piscina } from "piscina";
import { errorText, SidecallError } from "../../common/errors.ts";
import { keepAlive } from "../../common/keep-alive.ts";
import { Barrier } from "../../shared-memory/barrier.ts";
import type { LaneControl, LoadedHandler, LoadRequest, LoadResult } from "../../wire/protocol.ts";
import { PendingAnswers } from "../pending-answers.ts";
import { loadError } from "../thread-pool.ts";

type ControlCall<T> = (control: Remote<LaneControl>) => Promise<T>;
const MAX_BROADCASTS = 3;

type Loaded = LoadResult & { readonly threadId: number };

/** A thread that can be asked. */
interface RegisteredThread {
  readonly control: Remote<LaneControl>;
  readonly life: PendingAnswers;
}

/**
 * Reaches every thread of a pool whose tasks go to whichever is idle: as many load requests as there are threads wait for one
 * another, so that each thread takes one, and each opens a port of its own.
 */
export class ThreadBroadcast {
  readonly #pool: Piscina;
  readonly #threads: number;
  readonly #registered = new Map<Worker, RegisteredThread>();
  #round: Promise<readonly LoadedHandler[]> | undefined;

  constructor(pool: Piscina, threads: number) {
    this.#pool = pool;
    this.#threads = threads;
  }

  /**
   * Loads the handlers in every thread. Rejects with a coded error. One round at a time: of two, each could hold threads
   * that the other waits for.
   */
  loadAll(): Promise<readonly LoadedHandler[]> {
    this.#round ??= this.#broadcastLoad().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** Asks every thread. Rejects with SIDECALL_LANE_DIED if one ends before it answers. */
  async callAll<T>(request: ControlCall<T>): Promise<T[]> {
    if (this.#pool.threads.some((thread) => !this.#registered.has(thread))) await this.loadAll();
    const { threads } = this.#pool;
    if (threads.length === 0) throw deathError();
    return Promise.all(
      threads.map(async (thread) => {
        const registered = this.#registered.get(thread);
        if (registered === undefined) throw deathError();
        return keepAlive(registered.life.answer(request(registered.control)));
      }),
    );
  }

  /** Asks every thread, and again if one ends before it answers: its successor has an answer too. */
  async callWithRetry<T>(request: ControlCall<T>): Promise<T[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.callAll(request);
      } catch (error) {
        const isDeath = error instanceof SidecallError && error.code === "SIDECALL_LANE_DIED";
        if (!isDeath || attempt === MAX_BROADCASTS) throw error;
      }
    }
  }

  async #broadcastLoad(): Promise<readonly LoadedHandler[]> {
    const barrier = Barrier.allocate(this.#threads);
    const loads = Array.from({ length: this.#threads }, () => this.#loadOne(barrier));
    try {
      const [handlers] = await Promise.all(loads);
      return handlers ?? [];
    } catch (error) {
      barrier.open();
      throw error;
    }
  }

  async #loadOne(barrier: Barrier): Promise<readonly LoadedHandler[]> {
    const { port1, port2 } = new MessageChannel();
    const request = { control: port2, barrier: barrier.memory } satisfies LoadRequest;
    const loaded: Loaded = await this.#pool
      .run(request, { name: "load", transferList: [port2] })
      .catch((error: unknown) => {
        throw new SidecallError(
          "SIDECALL_LANE_DIED",
          `A worker thread ended while it loaded: ${errorText(error)}.`,
          error,
        );
      });
    if ("failure" in loaded) throw loadError(loaded.failure);
    const thread = this.#pool.threads.find(({ threadId }) => threadId === loaded.threadId);
    if (thread === undefined) throw deathError();
    if (this.#registered.has(thread)) port1.close();
    else this.#register(thread, port1);
    return loaded.handlers;
  }

  #register(thread: Worker, control: MessagePort): void {
    const life = new PendingAnswers();
    this.#registered.set(thread, { control: wrap<LaneControl>(control), life });
    control.unref();
    thread.once("exit", () => {
      this.#registered.delete(thread);
      life.end(deathError());
    });
  }
}

function deathError(): SidecallError {
  return new SidecallError("SIDECALL_LANE_DIED", "A worker thread of an off-thread handler ended.");
}
