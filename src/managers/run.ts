import { now } from "../common/clock.ts";
import { isAbortOf, rejected, untilAborted } from "../common/signals.ts";
import { RESOLVED, tolerated } from "../common/thenable.ts";
import { dispatch } from "../core/dispatch.ts";
import {
  ERROR_EVENTS,
  EVENT_INFO,
  type EventName,
  type EventRecord,
  isRunEnd,
  type OwnFields,
  type RunIdentity,
  type RunKind,
} from "../core/events.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { runsFirst } from "../core/inline-delivery.ts";
import type { TokenContent, TokenIndex } from "../core/payloads.ts";
import { type TokenSink, tokenSinkOf } from "../core/relay.ts";
import { chunkOfBlocks, tokenText } from "../core/token-text.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import type { ParentRun } from "./manager-options.ts";
import type { OpenRun, OpenRuns } from "./open-runs.ts";
import { reportLate, reportSecondEnd } from "./run-misuse.ts";

const NONE: readonly never[] = Object.freeze([]);
const FIRST: TokenIndex = Object.freeze({ prompt: 0, completion: 0 });

/** A run's own properties, beside those that its manager gives to all its runs. */
export interface RunStart {
  readonly runId: string;
  readonly name: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Left out for runs without a start. */
  readonly kind?: RunKind;
  /** The sets of open runs that it is in until it ends. */
  readonly openIn?: readonly OpenRuns[];
}

/**
 * One run: its identity, its handlers, and the only place where its events become records. Once its signal is
 * aborted, events are refused with the signal's reason; the end is dispatched in any case.
 */
export class Run implements RunIdentity, OpenRun {
  readonly runId: string;
  readonly parent: ParentRun | undefined;
  readonly parentRunId: string | undefined;
  readonly traceId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  /** None once the run has failed in place of the application, and if it begins while one above fails. */
  handlers: readonly CallbackHandler[];
  readonly signal: AbortSignal | undefined;
  readonly openIn: readonly OpenRuns[];
  readonly #kind: RunKind | undefined;
  #hasEnded = false;
  #failed: Promise<void> | undefined;
  aheadUntil: Promise<void> | undefined;
  #below: OpenRuns | undefined;
  #endListeners: readonly (() => void)[] = NONE;
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
    this.signal = start.signal;
    this.#kind = start.kind;
    this.openIn = start.openIn ?? NONE;
    const isLate = this.openIn.some((runs) => runs.isClosing);
    this.handlers = isLate ? NONE : manager.handlers;
    for (const runs of isLate ? NONE : this.openIn) runs.add(this);
  }

  /** Makes the runs in `below` fail with this one. */
  own(below: OpenRuns): void {
    this.#below = below;
  }

  /** `listener` is called once, when the run ends. */
  onEnd(listener: () => void): void {
    if (this.#hasEnded) listener();
    else this.#endListeners = [...this.#endListeners, listener];
  }

  /** The sets of open runs that the runs below this one are in. */
  get openInBelow(): readonly OpenRuns[] {
    return this.#below === undefined ? this.openIn : [...this.openIn, this.#below];
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
    if (isRunEnd(EVENT_INFO[event])) return this.#leave(this.#end(event, own));
    if (this.signal?.aborted) return rejected(this.signal);
    if (this.handlers.length === 0) return RESOLVED;
    if (this.#hasEnded) reportLate(this, event);
    return this.#interruptible(dispatch(this.handlers, this.record(event, own)));
  }

  /**
   * Ends the run with an error in place of the application, whose own later events of it reach no handler. Does nothing if it
   * has ended. Settles when the handlers have.
   */
  fail(error: unknown, isAbort = isAbortOf(this.signal, error)): Promise<void> {
    if (this.#hasEnded || this.#kind === undefined) return this.#failed ?? RESOLVED;
    const failed = this.#end(ERROR_EVENTS[this.#kind], isAbort ? { error, aborted: true } : { error });
    this.#failed = failed;
    void this.#leave(failed);
    this.handlers = NONE;
    return failed;
  }

  /** The run is open no longer. */
  #leave(ended: Promise<void>): Promise<void> {
    const close = () => {
      for (const runs of this.openIn) runs.delete(this);
    };
    // Others get the event once a handler that runs first has settled it, and the run above could overtake it.
    if (this.openIn.length > 0 && ended !== RESOLVED && this.#hasFirst) {
      this.aheadUntil = ended;
      ended.then(close, close);
    } else close();
    return ended;
  }

  get #hasFirst(): boolean {
    return this.handlers.some(runsFirst);
  }

  #interruptible(settled: Promise<void>): Promise<void> {
    if (this.signal === undefined || settled === RESOLVED) return settled;
    return untilAborted(this.signal, settled);
  }

  #end<E extends EventName>(event: E, own: OwnFields<E>): Promise<void> {
    const isSecond = this.#hasEnded;
    if (isSecond) {
      // A group or a run with a body has one end, whoever sends a second.
      if (this.#below !== undefined || this.handlers.length === 0) return RESOLVED;
      reportSecondEnd(this, event);
    }
    this.#hasEnded = true;
    for (const listener of this.#endListeners) listener();
    const { handlers } = this;
    const isAbort = "error" in own && isAbortOf(this.signal, own.error);
    const fields = isAbort ? { ...own, aborted: true } : own;
    const send = () => (handlers.length === 0 ? RESOLVED : dispatch(handlers, this.record(event, fields)));
    return this.#failBelow(fields, send);
  }

  /** Calls `last` behind the ends of the runs below. Those that are open fail, if this one does or its signal is aborted. */
  #failBelow(own: { readonly error?: unknown; readonly aborted?: unknown }, last: () => Promise<void>) {
    const below = this.#below;
    if (below === undefined) return last();
    if (!("error" in own || this.signal?.aborted)) return tolerated(below.beforeEnd(last));
    const [error, isAbort] = "error" in own ? [own.error, own.aborted === true] : [this.signal?.reason, true];
    const ended = below.size === 0 ? last() : tolerated(below.fail(error, isAbort, last));
    if (this.#hasFirst) below.closeUntil(ended);
    return ended;
  }
}
