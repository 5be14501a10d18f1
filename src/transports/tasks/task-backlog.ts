import { Fifo } from "../../common/fifo.ts";
import type { EventName } from "../../core/events.ts";
import type { EventTask } from "../../wire/protocol.ts";
import { type Backlog, type Eviction, type Importance, Overflow, type OverflowOptions } from "../overflow.ts";

/** An event on its way to whichever thread is idle. */
export interface QueuedTask {
  readonly task: EventTask;
  readonly event: EventName;
  readonly runId: string;
  readonly byteLength: number;
  readonly importance: Importance;
  readonly acknowledge: boolean;
  readonly sentAt: number;
  /** Settles the caller's promise: the event is handled or, without `acknowledge`, on its way. */
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Lets `flush` go on: the event is done or given up. */
  readonly done: () => void;
}

/** Tasks that wait until a thread is nearly idle, in order. */
export class TaskBacklog implements Backlog {
  readonly #tasks = new Fifo<QueuedTask>();
  readonly #overflow: Overflow;
  #bytes = 0;

  constructor(options: OverflowOptions) {
    this.#overflow = new Overflow(options);
  }

  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#tasks.length;
  }
  /** Events given up so far. */
  get dropped(): number {
    return this.#overflow.dropped;
  }

  /** Takes a task, or gives it up, as the overflow policy says. */
  add(task: QueuedTask): void {
    const admission = this.#overflow.admit(this, task.byteLength, task.importance);
    if (admission === "admitted") {
      this.#tasks.push(task);
      this.#bytes += task.byteLength;
    } else giveUp(task, admission.error);
  }

  shift(): QueuedTask | undefined {
    const task = this.#tasks.shift();
    if (task === undefined) return undefined;
    this.#bytes -= task.byteLength;
    if (this.#tasks.length === 0) this.#overflow.reportDropped();
    return task;
  }

  evict(bytes: number, { isVictim, evictFrom }: Eviction): void {
    const goal = this.#bytes - bytes;
    const tasks = this.#tasks.drain();
    const dropped = new Set<QueuedTask>();
    for (const task of evictFrom === "newest" ? tasks.toReversed() : tasks) {
      if (this.#bytes <= goal) break;
      if (!isVictim(task.importance)) continue;
      dropped.add(task);
      this.#drop(task, undefined);
    }
    for (const task of tasks) if (!dropped.has(task)) this.#tasks.push(task);
  }

  /** Gives up everything. */
  clear(error: Error): void {
    for (const task of this.#tasks.drain()) this.#drop(task, error);
    this.#overflow.reportDropped();
  }

  #drop(task: QueuedTask, error: Error | undefined): void {
    this.#bytes -= task.byteLength;
    this.#overflow.countDropped(1);
    giveUp(task, error);
  }
}

function giveUp(task: QueuedTask, error: Error | undefined): void {
  task.done();
  if (error === undefined) task.resolve();
  else task.reject(error);
}
