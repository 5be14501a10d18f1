import { now } from "../common/clock.ts";
import { SidecallError } from "../common/errors.ts";
import { rejected, untilAborted } from "../common/signals.ts";
import { RESOLVED } from "../common/thenable.ts";
import { dispatch } from "../core/dispatch.ts";
import {
  EVENT_INFO,
  type EventName,
  type EventRecord,
  isRunEnd,
  type OwnFields,
  type RunIdentity,
  type TokenIndex,
} from "../core/events.ts";
import { reportFailure } from "../core/failures.ts";
import type { CallbackHandler, SinkRun, TokenSink } from "../core/handler.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import type { ParentRun } from "./manager-options.ts";

const FIRST: TokenIndex = Object.freeze({ prompt: 0, completion: 0 });

const NO_SINK: TokenSink = { write: () => false };

function sinkOf(handler: CallbackHandler | undefined, run: SinkRun): TokenSink {
  try {
    return handler?.tokenSink?.(run) ?? NO_SINK;
  } catch {
    // As an event the token will show what is wrong with the handler.
    return NO_SINK;
  }
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
  #tokenSink: TokenSink | undefined;

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
    const { runId, parentRunId, traceId, tags, metadata, name } = this;
    const timestamp = now();
    // The spread comes last: V8 is many times slower at an object that goes on behind one.
    const record = !described
      ? { event, runId, parentRunId, traceId, tags, timestamp, ...own }
      : name === undefined
        ? { event, runId, parentRunId, traceId, tags, timestamp, metadata, ...own }
        : { event, runId, parentRunId, traceId, tags, timestamp, metadata, name, ...own };
    return record as unknown as EventRecord<E>;
  }

  /** A token of the first completion and without a chunk: handlers that only pass it on need no record. */
  emitPlainToken(token: string): Promise<void> {
    if (this.signal?.aborted) return rejected(this.signal);
    // With several handlers a record is needed as soon as one of them takes no token otherwise.
    if (this.handlers.length !== 1 || typeof token !== "string") return this.emitToken(token);
    this.#tokenSink ??= sinkOf(this.handlers[0], this);
    return this.#tokenSink.write(token) ? RESOLVED : this.emitToken(token);
  }

  /** A token's record as one literal: it is made so often that the general way of making records would show. */
  emitToken(token: string, index = FIRST, chunk?: unknown): Promise<void> {
    if (this.signal?.aborted) return rejected(this.signal);
    if (this.handlers.length === 0) return RESOLVED;
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
    if (this.handlers.length === 0) return RESOLVED;
    const settled = dispatch(this.handlers, this.record(event, own, described));
    return isEnd ? settled : this.#interruptible(settled);
  }

  #interruptible(settled: Promise<void>): Promise<void> {
    if (this.signal === undefined || settled === RESOLVED) return settled;
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
