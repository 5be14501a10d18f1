import { mark } from "../common/copies.ts";
import type { MethodOf, RunIdentity, RunKind } from "../core/events.ts";
import type { CallbackHandler } from "../core/handler.ts";
import type { RetryStateInput } from "../core/payloads.ts";
import type { ManagerOptions, ParentRun } from "./manager-options.ts";
import type { Run } from "./run.ts";

/** The methods that the event table asks of the manager of a run: one for each event but the start. */
export type RunMethods<Kind extends RunKind | "any"> = Record<
  MethodOf<{ kind: Kind; phase: "data" | "end" | "error" }>,
  (...args: never[]) => Promise<void>
>;

/** The handlers, tags and metadata that a run's children inherit. */
export interface Inheritance {
  readonly handlers: readonly CallbackHandler[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * One open run, for the code that it traces. Every event method resolves when all handlers have settled the event, and
 * rejects only with the error of a handler that has `raiseError`, or with the reason of the run's signal.
 */
export class AsyncRunManager implements RunIdentity, ParentRun, RunMethods<"any"> {
  protected readonly run: Run;
  protected readonly inheritance: Inheritance;

  constructor(run: Run, inheritance: Inheritance) {
    this.run = run;
    this.inheritance = inheritance;
  }

  get runId(): string {
    return this.run.runId;
  }
  get parent(): ParentRun | undefined {
    return this.run.parent;
  }
  get parentRunId(): string | undefined {
    return this.run.parentRunId;
  }
  get traceId(): string {
    return this.run.traceId;
  }
  get tags(): readonly string[] {
    return this.run.tags;
  }
  get metadata(): Readonly<Record<string, unknown>> {
    return this.run.metadata;
  }
  get handlers(): readonly CallbackHandler[] {
    return this.run.handlers;
  }
  /** Cancels the run: once aborted, starts below it and events other than ends reject with its reason. */
  get signal(): AbortSignal | undefined {
    return this.run.signal;
  }

  /** Whether an end or error of the run was sent. */
  get hasEnded(): boolean {
    return this.run.hasEnded;
  }

  /** Options of a manager whose runs hang under this one. */
  childOptions(): ManagerOptions {
    const { handlers, tags, metadata } = this.inheritance;
    return {
      handlers,
      inheritableHandlers: handlers,
      tags,
      inheritableTags: tags,
      metadata,
      inheritableMetadata: metadata,
      parent: this,
      signal: this.signal,
    };
  }

  onText(text: string): Promise<void> {
    return this.run.emit("on_text", { text });
  }

  onRetry(retryState: RetryStateInput): Promise<void> {
    return this.run.emit("on_retry", { retryState });
  }

  onCustomEvent(eventName: string, data: unknown): Promise<void> {
    return this.run.emit("on_custom_event", { eventName, data });
  }
}

const isMarked = mark(AsyncRunManager, "run-manager.v1");

/** Whether a value is a run's manager, of this copy of the package or another. Of another, only public members may be used. */
export function isRunManager(value: unknown): value is AsyncRunManager {
  return isMarked(value);
}

/** The run behind a manager of this copy of the package, for code that ends runs in place of the application. */
export function runOf(manager: AsyncRunManager): Run {
  return manager["run"];
}
