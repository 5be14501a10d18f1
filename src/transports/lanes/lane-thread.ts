import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import { errorText, SidecallError } from "../../common/errors.ts";
import type { LaneReport, LaneSetup, LoadedHandler, LoadResult, ThreadControl } from "../../wire/protocol.ts";
import type { ResolvedOptions } from "../options.ts";
import { PendingAnswers } from "../pending-answers.ts";
import { loadError, ThreadPool } from "../thread-pool.ts";

const LANE_MODULE = fileURLToPath(new URL("../../../workers/lane/entry.cjs", import.meta.url));

export interface ThreadListener {
  onReport(report: LaneReport): void;
  /** The thread has ended by itself, after its last report. */
  onDeath(error: SidecallError): void;
}

/**
 * The thread of one lane. Piscina starts it, limits it, and replaces it when it dies; a task opens the lane, which
 * then lives on in the thread beside Piscina's own loop.
 */
export class LaneThread {
  readonly #threads: ThreadPool;
  readonly #listener: ThreadListener;
  #reports: MessagePort | undefined;
  #control: Remote<ThreadControl> | undefined;
  #thread: Worker | undefined;
  #life: PendingAnswers | undefined;
  #lastError: unknown;
  #isEnding = false;
  #isReferenced = false;
  #calls = 0;

  constructor(options: Pick<ResolvedOptions, "resourceLimits">, listener: ThreadListener) {
    this.#listener = listener;
    const { resourceLimits } = options;
    this.#threads = new ThreadPool({ filename: LANE_MODULE, threads: 1, resourceLimits });
    this.#threads.pool.on("error", (error: unknown) => {
      this.#lastError = error;
    });
  }

  /** Opens the lane in the current thread. Rejects with a coded error when its handlers cannot be loaded. */
  async open(setup: Omit<LaneSetup, "reports" | "control">): Promise<readonly LoadedHandler[]> {
    if (this.#isEnding) throw this.#deathError("it was ended");
    const reports = new MessageChannel();
    const control = new MessageChannel();
    this.#lastError = undefined;
    const modules = setup.specs.map((spec) => spec.href).join(", ");
    const task = { ...setup, reports: reports.port2, control: control.port2 } satisfies LaneSetup;
    const opened: Promise<LoadResult> = this.#threads.pool
      .run(task, { transferList: [reports.port2, control.port2] })
      .catch((error: unknown) => {
        this.#lastError ??= error;
        throw this.#deathError(`${errorText(error)}; it was loading ${modules}`);
      });
    // After `run`, which starts a thread where Piscina has none.
    const life = this.#watch(modules, reports.port1);
    this.#connect(reports.port1, control.port1);
    const result = await life.answer(opened);
    if ("failure" in result) throw loadError(result.failure);
    // From here on a death is no answer to `open` but an event.
    void life.ended.then((error) => {
      if (!this.#isEnding) this.#listener.onDeath(error);
    });
    return result.handlers;
  }

  /** Keeps the process alive from now on: events are owed. */
  ref(): void {
    if (this.#isReferenced) return;
    this.#isReferenced = true;
    this.#holdProcess();
  }

  /** Lets the process end, unless a call is under way. */
  unref(): void {
    if (!this.#isReferenced) return;
    this.#isReferenced = false;
    this.#holdProcess();
  }

  /** Takes in reports that were posted and are not received yet. */
  pollReports(): void {
    if (this.#reports !== undefined) this.#drain(this.#reports);
  }

  /** Calls the thread, and rejects with SIDECALL_LANE_DIED if it ends first. Keeps the process alive meanwhile. */
  async request<T>(call: (control: Remote<ThreadControl>) => Promise<T>): Promise<T> {
    if (this.#control === undefined || this.#life === undefined) throw this.#deathError("it never started");
    this.#calls += 1;
    this.#holdProcess();
    try {
      return await this.#life.answer(call(this.#control));
    } finally {
      this.#calls -= 1;
      this.#holdProcess();
    }
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    this.#isEnding = true;
    await this.#threads.terminate();
    this.#reports?.close();
  }

  #watch(modules: string, reports: MessagePort): PendingAnswers {
    const life = new PendingAnswers();
    this.#life = life;
    this.#thread = this.#threads.pool.threads[0];
    this.#thread?.once("exit", (code) => {
      // The thread's last reports come first: failures, and the answers to callers who waited for them.
      this.#drain(reports);
      const reason = this.#lastError === undefined ? `exit code ${code}` : errorText(this.#lastError);
      life.end(this.#deathError(`${reason}; it ran ${modules}`));
    });
    return life;
  }

  #drain(reports: MessagePort): void {
    for (let next = receiveMessageOnPort(reports); next !== undefined; next = receiveMessageOnPort(reports)) {
      this.#listener.onReport(next.message as LaneReport);
    }
  }

  #connect(reports: MessagePort, control: MessagePort): void {
    this.#reports?.close();
    this.#reports = reports;
    reports.on("message", (report: LaneReport) => this.#listener.onReport(report));
    this.#control = wrap<ThreadControl>(control);
    // The thread keeps the process alive, not its ports: they may close before the end of the thread is known.
    reports.unref();
    control.unref();
    this.#holdProcess();
  }

  #holdProcess(): void {
    // A caller waits for the thread's end: a report that comes meanwhile must not let the process end before.
    if (this.#isReferenced || this.#calls > 0 || this.#isEnding) this.#thread?.ref();
    else this.#thread?.unref();
  }

  #deathError(reason: string): SidecallError {
    return new SidecallError(
      "SIDECALL_LANE_DIED",
      `The worker thread of an off-thread handler ended: ${reason}.`,
      this.#lastError,
    );
  }
}
