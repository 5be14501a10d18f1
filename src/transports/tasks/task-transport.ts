import { createHistogram, performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { errorText, SidecallError } from "../../common/errors.ts";
import { MAX_DELIVERIES } from "../../core/deliver.ts";
import type { AnyEventRecord, EventInfo } from "../../core/events.ts";
import { ReportedFailure, reportFailure } from "../../core/failures.ts";
import type { ResolvedLimits } from "../../values/limits.ts";
import { decodeValue, encodeCopy } from "../../wire/codec.ts";
import type { LoadedHandler, LoadSpec, TaskResult, TaskSetup } from "../../wire/protocol.ts";
import { encodeRun, runOf } from "../../wire/records.ts";
import { encodeEvent } from "../encode.ts";
import { recordLatency } from "../latency.ts";
import type { ResolvedOptions } from "../options.ts";
import { Refusals } from "../refusals.ts";
import { callThread, type RemoteCall, resultOf } from "../remote.ts";
import { balance, type LaneCounts } from "../stats.ts";
import { ThreadPool } from "../thread-pool.ts";
import type { Transport } from "../transport.ts";
import { type QueuedTask, TaskBacklog } from "./task-backlog.ts";
import { ThreadBroadcast } from "./thread-broadcast.ts";

const TASK_MODULE = fileURLToPath(new URL("../../../workers/task/entry.cjs", import.meta.url));
/** Tasks handed to Piscina for each thread, so that none is idle while the next waits here. */
const TASKS_PER_THREAD = 4;

/** The transport without order: each event is a Piscina task that any idle thread takes. */
export class TaskTransport implements Transport {
  readonly #threads: ThreadPool;
  readonly #broadcast: ThreadBroadcast;
  readonly #backlog: TaskBacklog;
  readonly #maxRunning: number;
  readonly #limits: ResolvedLimits;
  readonly #refusals = new Refusals();
  /** One promise for each event that is not done. */
  readonly #undone = new Set<Promise<void>>();
  readonly #latency = createHistogram();
  #handlers: readonly LoadedHandler[] = [];
  #handled: number[] = [];
  #failed: number[] = [];
  #running = 0;
  #events = 0;
  #done = 0;
  #bytes = 0;
  #restarts = 0;
  #redelivered = 0;
  #failure: SidecallError | undefined;

  constructor(options: ResolvedOptions & { readonly specs: readonly LoadSpec[] }) {
    const { threads, specs, handlerTimeoutMillis, resourceLimits } = options;
    const context = { lane: 0, threads, restarts: 0 };
    const workerData: TaskSetup = { specs, context, handlerTimeoutMillis };
    this.#threads = new ThreadPool({ filename: TASK_MODULE, threads, workerData, resourceLimits });
    // A dying thread rejects the task that it ran; without a task there is nothing to report.
    this.#threads.pool.on("error", () => undefined);
    this.#broadcast = new ThreadBroadcast(this.#threads.pool, threads);
    this.#backlog = new TaskBacklog(options);
    this.#limits = options.limits;
    this.#maxRunning = threads * TASKS_PER_THREAD;
  }

  async open(): Promise<readonly LoadedHandler[]> {
    this.#handlers = await this.#broadcast.loadAll();
    this.#handled = this.#handlers.map(() => 0);
    this.#failed = this.#handlers.map(() => 0);
    return this.#handlers;
  }

  send(info: EventInfo, record: AnyEventRecord, acknowledge: boolean): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const run = encodeRun(runOf(record), this.#limits).slice();
    const { code, timestamp, importance, payload: bytes } = encodeEvent(info, record, this.#limits);
    this.#events += 1;
    const refusal = this.#refusals.check(info, bytes.byteLength, this.#handlers);
    if (refusal !== undefined) return Promise.reject(refusal);
    const payload = bytes.slice();
    const { event, runId } = record;
    this.#bytes += payload.byteLength;
    const hasRoom = this.#running < this.#maxRunning;
    const done = this.#track();
    const sent = new Promise<void>((resolve, reject) => {
      const queued: QueuedTask = {
        task: { run, code, timestamp, payload },
        event,
        runId,
        byteLength: run.byteLength + payload.byteLength,
        importance,
        acknowledge,
        sentAt: performance.now(),
        resolve,
        reject,
        done,
      };
      if (hasRoom) this.#start(queued);
      else this.#backlog.add(queued);
    });
    return acknowledge || !hasRoom ? sent : undefined;
  }

  /** No state is kept per run, so nothing is released. */
  skip(): void {}

  async flush(): Promise<unknown[]> {
    await Promise.all(this.#undone);
    if (this.#failure !== undefined) throw this.#failure;
    const failures = await this.#broadcast.callWithRetry((control) => control.flush(0));
    return failures.flat().map(decodeValue);
  }

  async close(): Promise<unknown[]> {
    try {
      const failures = await this.flush();
      const closed = await this.#broadcast.callWithRetry((control) => control.close());
      return [...failures, ...closed.flat().map(decodeValue)];
    } finally {
      await this.#threads.terminate();
    }
  }

  async abort(error: SidecallError): Promise<void> {
    this.#failure ??= error;
    this.#backlog.clear(error);
    await this.#threads.terminate();
  }

  async call(call: RemoteCall): Promise<unknown[]> {
    const results = await this.#broadcast.callAll((control) => callThread(control, call));
    return results.map(resultOf);
  }

  stats(): readonly LaneCounts[] {
    const stats: LaneCounts = {
      events: this.#events,
      bytes: this.#bytes,
      ...balance(
        this.#events,
        this.#done + this.#refusals.events,
        this.#backlog.dropped,
        this.#failure !== undefined,
      ),
      bufferedBytes: this.#backlog.bytes,
      redelivered: this.#redelivered,
      restarts: this.#restarts,
      acknowledged: this.#latency,
      handlers: this.#handlers.map(({ name }, i) => ({
        name,
        handled: this.#handled[i] ?? 0,
        failed: (this.#failed[i] ?? 0) + this.#refusals.failed(i),
      })),
    };
    return [stats];
  }

  /** Notes an event that `flush` has to wait for. Returns what ends that wait. */
  #track(): () => void {
    let done: () => void = () => undefined;
    const isDone = new Promise<void>((resolve) => {
      done = () => {
        this.#undone.delete(isDone);
        resolve();
      };
    });
    this.#undone.add(isDone);
    return done;
  }

  #start(queued: QueuedTask): void {
    this.#running += 1;
    if (!queued.acknowledge) queued.resolve();
    void this.#attempt(queued).then((result) => {
      this.#settle(queued, result);
      queued.done();
      this.#running -= 1;
      const next = this.#backlog.shift();
      if (next !== undefined) this.#start(next);
    });
  }

  #settle(queued: QueuedTask, result: TaskResult): void {
    if (this.#failure !== undefined) {
      queued.reject(this.#failure);
      return;
    }
    this.#done += 1;
    recordLatency(this.#latency, queued.sentAt);
    for (const index of result.handled) this.#handled[index] = (this.#handled[index] ?? 0) + 1;
    for (const { index, error, ...failure } of result.failures) {
      this.#failed[index] = (this.#failed[index] ?? 0) + 1;
      reportFailure({ ...failure, error: decodeValue(error) });
    }
    if (queued.acknowledge && result.raised !== undefined) {
      queued.reject(new ReportedFailure(decodeValue(result.raised)));
    } else queued.resolve();
  }

  async #attempt({ task, event, runId }: QueuedTask): Promise<TaskResult> {
    let lastError: unknown;
    for (let attempt = 1; attempt <= MAX_DELIVERIES && this.#failure === undefined; attempt += 1) {
      if (attempt > 1) this.#redelivered += 1;
      try {
        return await this.#threads.pool.run(task, { name: "handle" });
      } catch (error) {
        lastError = error;
        if (this.#failure === undefined) this.#restarts += 1;
      }
    }
    const message = `The worker thread ended, ${MAX_DELIVERIES} times, while it handled the event: ${errorText(lastError)}.`;
    const error = encodeCopy(new SidecallError("SIDECALL_LANE_DIED", message, lastError));
    return {
      handled: [],
      raised: this.#handlers.some(({ raiseError }) => raiseError) ? error : undefined,
      failures: this.#handlers.map(({ name }, index) => ({ index, handler: name, event, runId, error })),
    };
  }
}
