import { performance } from "node:perf_hooks";
import { dispatch } from "../dispatch.ts";
import type {
  EventName,
  EventRecord,
  OwnFields,
  RunDescription,
  RunIdentity,
  TokenIndex,
} from "../events.ts";
import type { CallbackHandler } from "../handler.ts";

const ORIGIN = performance.timeOrigin;

/** Milliseconds since the epoch, with fractions, never going back. */
function now(): number {
  return ORIGIN + performance.now();
}

/** What there is to wait for without handlers. */
const NOTHING: Promise<void> = Promise.resolve();

/** One run: who it is, who hears of it, and the one way in which its events become records. */
export class Run implements RunIdentity {
  readonly runId: string;
  readonly parentRunId: string | undefined;
  readonly traceId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  readonly handlers: readonly CallbackHandler[];

  constructor(
    identity: RunIdentity,
    description: Pick<RunDescription, "metadata" | "name">,
    handlers: readonly CallbackHandler[],
  ) {
    this.runId = identity.runId;
    this.parentRunId = identity.parentRunId;
    this.traceId = identity.traceId;
    // Handlers on other threads are told a run's tags and metadata once; freezing keeps that true.
    this.tags = Object.freeze([...identity.tags]);
    this.metadata = Object.freeze({ ...description.metadata });
    this.name = description.name;
    this.handlers = handlers;
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
    if (this.handlers.length === 0) return NOTHING;
    const { runId, parentRunId, traceId, tags } = this;
    const timestamp = now();
    const record: EventRecord<"on_llm_new_token"> =
      chunk === undefined
        ? { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index }
        : { event: "on_llm_new_token", runId, parentRunId, traceId, tags, timestamp, token, index, chunk };
    return dispatch(this.handlers, record);
  }

  emit<E extends EventName>(event: E, own: OwnFields<E>, described = false): Promise<void> {
    if (this.handlers.length === 0) return NOTHING;
    return dispatch(this.handlers, this.record(event, own, described));
  }
}
