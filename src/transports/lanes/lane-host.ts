import type { Remote } from "comlink";
import type { SidecallError } from "../../common/errors.ts";
import type { LaneControl, LaneReport, LaneSetup, LoadedHandler } from "../../wire/protocol.ts";
import type { ResolvedOptions } from "../options.ts";
import { LaneThread } from "./lane-thread.ts";

/** A lane whose threads die this often, and settle nothing in between, is given up. */
const MAX_DEATHS_WITHOUT_PROGRESS = 3;

type ControlCall<T> = (control: Remote<LaneControl>) => Promise<T>;

/** What a host needs to know of its lane, and tells it. */
export interface HostedLane {
  /** What a thread needs to go on with the lane from where it is. */
  setup(): Omit<LaneSetup, "reports" | "control">;
  /** Events that the lane's threads have settled so far. */
  settled(): number;
  onReport(report: LaneReport): void;
  /** The thread has died; another takes over, or the lane is given up. */
  onDeath(): void;
  /** No thread will go on with the lane. */
  onGivenUp(error: SidecallError): void;
}

/** Keeps a lane open: in a thread, and when that dies in the next, until it is asked to end or hopeless. */
export class LaneHost {
  readonly #lane: HostedLane;
  readonly #thread: LaneThread;
  #handlers: readonly LoadedHandler[] = [];
  #restarts = 0;
  #deathsWithoutProgress = 0;
  #settledAtDeath = 0;
  /** Settles when the thread that replaces a dead one has opened the lane, or the lane is given up. */
  #reopening: Promise<void> = Promise.resolve();
  #failure: SidecallError | undefined;

  constructor(options: Pick<ResolvedOptions, "resourceLimits">, lane: HostedLane) {
    this.#lane = lane;
    this.#thread = new LaneThread(options, {
      onReport: (report) => lane.onReport(report),
      onDeath: (error) => this.#onDeath(error),
    });
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

  /** Keeps the process alive while events are owed, or lets it end. */
  owe(owes: boolean): void {
    this.#thread.owe(owes);
  }

  /** Takes in what the thread has told and nobody has heard yet. */
  pollReports(): void {
    this.#thread.pollReports();
  }

  /** Asks the thread. A lane that is given up says why. */
  async call<T>(request: ControlCall<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await this.#thread.request(request);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /** Asks the thread, and its successor if it ends before it answers. */
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
    this.#thread.owe(false);
    await this.#thread.terminate();
  }

  /** Ends the thread, which has nothing left to do. */
  end(): Promise<void> {
    return this.#thread.terminate();
  }

  #onDeath(error: SidecallError): void {
    // Ended while it was being replaced.
    if (this.#failure !== undefined) return;
    this.#restarts += 1;
    this.#lane.onDeath();
    const settled = this.#lane.settled();
    this.#deathsWithoutProgress = settled === this.#settledAtDeath ? this.#deathsWithoutProgress + 1 : 1;
    this.#settledAtDeath = settled;
    if (this.#deathsWithoutProgress >= MAX_DEATHS_WITHOUT_PROGRESS) {
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
        if (openError.code === "SIDECALL_LANE_DIED") this.#onDeath(openError);
        else void this.giveUp(openError);
      },
    );
  }
}
