import { performance } from "node:perf_hooks";
import { dispatch, SETTLED } from "../dispatch.ts";
import { SidecallError } from "../errors.ts";
import {
  EVENT_INFO,
  type EventName,
  type EventRecord,
  isRunEnd,
  type OwnFields,
  type RunIdentity,
  type TokenIndex,
} from "../events.ts";
import { reportFailure } from "../failures.ts";
import type { CallbackHandler } from "../handler.ts";
import { rejected, untilAborted } from "../signals.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import type { ParentRun } from "./manager-options.ts";

const ORIGIN = performance.timeOrigin;

/** Milliseconds since the epoch, with fractions, never going back. */
function now(): number {
  return ORIGIN + performance.now();
}

/** What a run has of its own, beside what its manager gives to all its runs. */
export interface RunStart {
  readonly runId: string;
  readonly name: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * One run: who it is, who hears of it, and the one way in which its events become records. Once its signal is
 * aborted, what happens meanwhile is refused with the signal's reason; its end is always told.
 */
export class Run implements RunIdentity {
  readonly runId: string;
  readonly parent: ParentRun | undefined;
  readonly parentRunId: string | undefined;
  readonly traceId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  readonly handlers: readonly CallbackHandler[];
  readonly signal: AbortSignal | undefined;
  #hasEnded = false;

  constructor(manager: BaseCallbackManager, start: RunStart) {
    this.runId = start.runId;
    this.parent = manager.parent;
    this.parentRunId = manager.parentRunId;
    this.traceId = manager.traceId ?? start.runId;
    // Handlers on other threads are told a run's tags and metadata once; freezing keeps that true.
    this.tags = Object.freeze([...manager.tags]);
    this.metadata = Object.freeze({ ...manager.metadata });
    this.name = start.name;
    this.handlers = manager.handlers;
    this.signal = start.signal;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** An event of this run as a record; start and custom events are `described`. */
  record<E extends EventName>(event: E, own: OwnFields<E>, described: boolean): EventRecord<E> {
    const { runId, parentRunId, traceId, tags } = this;
    const record = { event, runId, parentRunId, traceId, tags, timestamp: now(), ...own };
    if (!described) return record as unknown as EventRecord<E>;
    const name = this.name === undefined ? {} : { name: this.name };
    return { ...record, metadata: this.metadata, ...name } as unknown as EventRecord<E>;
  }

  /** A token's record as one literal: it is made so often that the general way of making records would show. */
  emitToken(token: string, index: TokenIndex, chunk: unknown): Promise<void> {
    if (this.signal?.aborted) return rejected(this.signal);
    if (this.handlers.length === 0) return SETTLED;
    const { runId, parentRunId, traceId, tags } = this;
    const timestamp = now();
    const record: EventRecord<"on_llm_new_token"> =
      chunk === undefined
        ? { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index }
        : { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index, chunk };
    return this.#interruptible(dispatch(this.handlers, record));
  }

  emit<E extends EventName>(event: E, own: OwnFields<E>, described = false): Promise<void> {
    const isEnd = isRunEnd(EVENT_INFO[event]);
    if (!isEnd && this.signal?.aborted) return rejected(this.signal);
    if (isEnd) this.#noteEnd(event);
    if (this.handlers.length === 0) return SETTLED;
    const settled = dispatch(this.handlers, this.record(event, own, described));
    return isEnd ? settled : this.#interruptible(settled);
  }

  #interruptible(settled: Promise<void>): Promise<void> {
    if (this.signal === undefined || settled === SETTLED) return settled;
    return untilAborted(this.signal, settled);
  }

  /** A second end is told too, since handlers may tell more of it than this run can; it is a mistake all the same. */
  #noteEnd(event: EventName): void {
    const isSecond = this.#hasEnded;
    this.#hasEnded = true;
    if (!isSecond || this.handlers.length === 0) return;
    const { runId } = this;
    const message = `Expected one end or error of run ${runId}, got ${event} after it had ended. Handlers get it all the same; end each run once.`;
    const error = new SidecallError("SIDECALL_RUN_ENDED", message);
    reportFailure({ handler: "AsyncCallbackManager", event, runId, error });
  }
}
