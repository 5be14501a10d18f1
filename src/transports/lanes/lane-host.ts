import type { Remote } from "comlink";
import type { SidecallError } from "../../common/errors.ts";
import type { LaneSetup, LoadedHandler, ThreadControl } from "../../wire/protocol.ts";
import type { LaneThread } from "./lane-thread.ts";

/** A lane whose threads die this often, and are done with no event in between, is given up. */
const MAX_DEATHS_WITHOUT_PROGRESS = 3;

type ControlCall<T> = (control: Remote<ThreadControl>) => Promise<T>;

/** The lane, as far as its host needs it. */
export interface HostedLane {
  /** The setup for a thread that goes on with the lane from where it is. */
  setup(): Omit<LaneSetup, "reports" | "control">;
  /** Events that the lane's threads have been done with so far. */
  doneEvents(): number;
  /** Answers callers whose events the dead thread was done with. */
  answerFromRing(): void;
  /** No thread will go on with the lane. */
  onGivenUp(error: SidecallError): void;
}

/**
 * Keeps a lane open: in a thread, and when that dies in the next, until it is asked to end or hopeless.
 *
 *   opening ──► open ──death──► taking over ──opened──► open …
 *                 │                  │
 *                 └── giveUp ────────┴── too many deaths, or a handler cannot be loaded any more ──► given up (`failure`)
 */
export class LaneHost {
  readonly #lane: HostedLane;
  readonly #thread: LaneThread;
  #handlers: readonly LoadedHandler[] = [];
  #restarts = 0;
  #deathsWithoutProgress = 0;
  #doneAtDeath = 0;
  /** Settles when the thread that replaces a dead one has opened the lane, or the lane is given up. */
  #reopening: Promise<void> = Promise.resolve();
  #failure: SidecallError | undefined;

  constructor(thread: LaneThread, lane: HostedLane) {
    this.#lane = lane;
    this.#thread = thread;
  }

  get handlers(): readonly LoadedHandler[] {
    return this.#handlers;
  }
  /** Threads that died and were replaced. */
  get restarts(): number {
    return this.#restarts;
  }
  /** Why the lane was given up. */
  get failure(): SidecallError | undefined {
    return this.#failure;
  }

  async open(): Promise<readonly LoadedHandler[]> {
    this.#handlers = await this.#thread.open(this.#lane.setup());
    return this.#handlers;
  }

  /** Calls the thread. Rejects with `failure` if the lane is given up. */
  async call<T>(request: ControlCall<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await this.#thread.request(request);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /** Calls the thread, and its successor if it ends before it answers. */
  async callWithRetry<T>(request: ControlCall<T>): Promise<T> {
    for (;;) {
      await this.#reopening;
      const restarts = this.#restarts;
      try {
        return await this.call(request);
      } catch (error) {
        if (restarts === this.#restarts) throw error;
      }
    }
  }

  /** Ends the thread and lets no other take over. */
  async giveUp(error: SidecallError): Promise<void> {
    this.#failure ??= error;
    this.#lane.onGivenUp(error);
    this.#thread.unref();
    await this.#thread.terminate();
  }

  /**
   * The next thread takes over from a dead one. In this order:
   *
   * 1. Thread gone: its exit has been seen, so nothing writes to the ring's consumer side any more.
   * 2. Reports drained: LaneThread has taken in all that the thread posted before it calls this.
   * 3. Unanswered answered: the ring shows which events the thread was done with and did not acknowledge.
   * 4. Progress counted: threads that die without being done with any event end in giving up.
   * 5. Successor opened: with new handlers, the runs that are still named, and the first entry that is not released.
   */
  takeOver(error: SidecallError): void {
    // The lane was ended while a thread was being replaced.
    if (this.#failure !== undefined) return;
    this.#restarts += 1;
    this.#lane.answerFromRing();
    if (!this.#hasHope()) {
      void this.giveUp(error);
      return;
    }
    process.emitWarning(`${error.message} Another takes over.`, {
      type: "SidecallWarning",
      code: error.code,
    });
    this.#reopening = this.open().then(
      () => undefined,
      (openError: SidecallError) => {
        if (openError.code === "SIDECALL_LANE_DIED") this.takeOver(openError);
        else void this.giveUp(openError);
      },
    );
  }

  #hasHope(): boolean {
    const done = this.#lane.doneEvents();
    this.#deathsWithoutProgress = done === this.#doneAtDeath ? this.#deathsWithoutProgress + 1 : 1;
    this.#doneAtDeath = done;
    return this.#deathsWithoutProgress < MAX_DEATHS_WITHOUT_PROGRESS;
  }
}
