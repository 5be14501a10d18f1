import { now } from "../common/clock.ts";
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
} from "../core/events.ts";
import type { CallbackHandler } from "../core/handler.ts";
import type { TokenContent, TokenIndex } from "../core/payloads.ts";
import { type TokenSink, tokenSinkOf } from "../core/relay.ts";
import { chunkOfBlocks, tokenText } from "../core/token-text.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import type { ParentRun } from "./manager-options.ts";
import { reportLate, reportSecondEnd } from "./run-misuse.ts";

const FIRST: TokenIndex = Object.freeze({ prompt: 0, completion: 0 });

/** A run's own properties, beside those that its manager gives to all its runs. */
export interface RunStart {
  readonly runId: string;
  readonly name: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * One run: its identity, its handlers, and the only place where its events become records. Once its signal is
 * aborted, events are refused with the signal's reason; the end is dispatched in any case.
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
    // Frozen because tags and metadata cross to other threads once per run: a later change would not.
    this.tags = Object.freeze([...manager.tags]);
    this.metadata = Object.freeze({ ...manager.metadata });
    this.name = start.name;
    this.handlers = manager.handlers;
    this.signal = start.signal;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  record<E extends EventName>(event: E, own: OwnFields<E>): EventRecord<E> {
    const { runId, parentRunId, traceId, tags, metadata, name } = this;
    const timestamp = now();
    // The spread comes last: V8 builds an object many times slower if properties follow a spread.
    const record = !EVENT_INFO[event].described
      ? { event, runId, parentRunId, traceId, tags, timestamp, ...own }
      : name === undefined
        ? { event, runId, parentRunId, traceId, tags, timestamp, metadata, ...own }
        : { event, runId, parentRunId, traceId, tags, timestamp, metadata, name, ...own };
    return record as unknown as EventRecord<E>;
  }

  /** A token of the first completion, without a chunk: a handler that only passes it on needs no record. */
  emitPlainToken(token: TokenContent): Promise<void> {
    if (this.signal?.aborted) return rejected(this.signal);
    // With several handlers a record is needed in any case.
    if (this.handlers.length !== 1 || typeof token !== "string") return this.emitToken(token);
    if (this.#hasEnded) reportLate(this, "on_llm_new_token");
    this.#tokenSink ??= tokenSinkOf(this.handlers[0], this);
    return this.#tokenSink.write(token) ? RESOLVED : this.emitToken(token);
  }

  /** Builds a token's record as one literal: `record` with its spread would cost too much per token. */
  emitToken(token: TokenContent, index = FIRST, chunk?: unknown): Promise<void> {
    if (typeof token !== "string")
      return this.emitToken(tokenText(token), index, chunk ?? chunkOfBlocks(token));
    if (this.signal?.aborted) return rejected(this.signal);
    if (this.handlers.length === 0) return RESOLVED;
    if (this.#hasEnded) reportLate(this, "on_llm_new_token");
    const { runId, parentRunId, traceId, tags } = this;
    const timestamp = now();
    const record: EventRecord<"on_llm_new_token"> =
      chunk === undefined
        ? { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index }
        : { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index, chunk };
    return this.#interruptible(dispatch(this.handlers, record));
  }

  emit<E extends EventName>(event: E, own: OwnFields<E>): Promise<void> {
    const isEnd = isRunEnd(EVENT_INFO[event]);
    if (!isEnd && this.signal?.aborted) return rejected(this.signal);
    if (isEnd) this.#noteEnd(event);
    if (this.handlers.length === 0) return RESOLVED;
    if (!isEnd && this.#hasEnded) reportLate(this, event);
    const settled = dispatch(this.handlers, this.record(event, own));
    return isEnd ? settled : this.#interruptible(settled);
  }

  #interruptible(settled: Promise<void>): Promise<void> {
    if (this.signal === undefined || settled === RESOLVED) return settled;
    return untilAborted(this.signal, settled);
  }

  /** Reports a second end as misuse. It is dispatched all the same, as handlers may report more about it. */
  #noteEnd(event: EventName): void {
    const isSecond = this.#hasEnded;
    this.#hasEnded = true;
    if (isSecond) reportSecondEnd(this, event);
  }
}
