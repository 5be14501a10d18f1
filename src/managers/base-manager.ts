import { mark } from "../common/copies.ts";
import { anySignal } from "../common/signals.ts";
import { checkStrings } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { checkHandlers } from "./check-handlers.ts";
import {
  checkManagerOptions,
  checkMetadata,
  type ManagerOptions,
  type ParentRun,
} from "./manager-options.ts";

function parentOf({ parentRunId, traceId = parentRunId }: ManagerOptions): ParentRun | undefined {
  return parentRunId === undefined || traceId === undefined ? undefined : { runId: parentRunId, traceId };
}

function without<T>(list: readonly T[], gone: readonly T[]): T[] {
  return list.filter((item) => !gone.includes(item));
}

function unique<T>(list: readonly T[] = []): T[] {
  return list.length < 2 ? [...list] : [...new Set(list)];
}

export function union<T>(first: readonly T[], second: readonly T[]): T[] {
  return unique([...first, ...second]);
}

function withoutKeys(record: Readonly<Record<string, unknown>>, keys: readonly string[]) {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/**
 * Handlers, tags and metadata: one list each for this manager's own runs, and one that their children inherit. An
 * inheritable entry applies to own runs only if it is in the own list too; {@link addHandler} and its siblings add it to
 * both.
 */
export class BaseCallbackManager {
  handlers: CallbackHandler[];
  inheritableHandlers: CallbackHandler[];
  tags: string[];
  inheritableTags: string[];
  metadata: Record<string, unknown>;
  inheritableMetadata: Record<string, unknown>;
  readonly parent: ParentRun | undefined;
  readonly parentRunId: string | undefined;
  /** The parent's trace. */
  readonly traceId: string | undefined;
  readonly signal: AbortSignal | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: ManagerOptions = {}) {
    // A copied manager may be of a subclass, with properties that are no options.
    if (!isManager(options)) checkManagerOptions(options);
    this.handlers = unique(options.handlers);
    this.inheritableHandlers = unique(options.inheritableHandlers);
    this.tags = unique(options.tags);
    this.inheritableTags = unique(options.inheritableTags);
    this.metadata = { ...options.metadata };
    this.inheritableMetadata = { ...options.inheritableMetadata };
    this.parent = options.parent ?? parentOf(options);
    this.parentRunId = this.parent?.runId;
    this.traceId = this.parent?.traceId ?? options.traceId;
    this.signal = options.signal && anySignal(options.signal);
  }

  /** Adds a handler. Adding it again only makes it inheritable, if `inherit` is set. */
  addHandler(handler: CallbackHandler, inherit = true): void {
    checkHandlers("handlers", [handler]);
    this.handlers = union(this.handlers, [handler]);
    if (inherit) this.inheritableHandlers = union(this.inheritableHandlers, [handler]);
  }

  removeHandler(handler: CallbackHandler): void {
    this.handlers = without(this.handlers, [handler]);
    this.inheritableHandlers = without(this.inheritableHandlers, [handler]);
  }

  /** Replaces all handlers, inheritable ones included. */
  setHandlers(handlers: readonly CallbackHandler[], inherit = true): void {
    checkHandlers("handlers", handlers);
    this.handlers = unique(handlers);
    this.inheritableHandlers = inherit ? unique(handlers) : [];
  }

  setHandler(handler: CallbackHandler, inherit = true): void {
    this.setHandlers([handler], inherit);
  }

  addTags(tags: readonly string[], inherit = true): void {
    checkStrings("tags", tags);
    this.tags = union(this.tags, tags);
    if (inherit) this.inheritableTags = union(this.inheritableTags, tags);
  }

  removeTags(tags: readonly string[]): void {
    this.tags = without(this.tags, tags);
    this.inheritableTags = without(this.inheritableTags, tags);
  }

  /** Merges metadata by key; the last value of a key wins. */
  addMetadata(metadata: object, inherit = true): void {
    checkMetadata("metadata", metadata);
    this.metadata = { ...this.metadata, ...metadata };
    if (inherit) this.inheritableMetadata = { ...this.inheritableMetadata, ...metadata };
  }

  removeMetadata(keys: readonly string[]): void {
    this.metadata = withoutKeys(this.metadata, keys);
    this.inheritableMetadata = withoutKeys(this.inheritableMetadata, keys);
  }

  /** A manager of the same class with the same contents, in lists of its own. */
  copy(): this {
    return this.derive(this);
  }

  /**
   * A manager of this one's class with the handlers, tags and metadata of both, own and inheritable separately: this
   * manager's first, each once; the other's metadata wins. The parent is this manager's, else the other's.
   */
  merge(other: BaseCallbackManager): this {
    const parent = this.parentRunId === undefined ? other : this;
    return this.derive({
      handlers: union(this.handlers, other.handlers),
      inheritableHandlers: union(this.inheritableHandlers, other.inheritableHandlers),
      tags: union(this.tags, other.tags),
      inheritableTags: union(this.inheritableTags, other.inheritableTags),
      metadata: { ...this.metadata, ...other.metadata },
      inheritableMetadata: { ...this.inheritableMetadata, ...other.inheritableMetadata },
      parent: parent.parent,
      traceId: parent.traceId,
      signal: anySignal(this.signal, other.signal),
    });
  }

  /** A manager of the same class with other contents. */
  protected derive(options: ManagerOptions): this {
    const SameClass = this.constructor as new (options: ManagerOptions) => this;
    return new SameClass(options);
  }
}

const isMarked = mark(BaseCallbackManager, "manager.v1");

/** Whether a value is a manager, of this copy of the package or another. Of another, only public members may be used. */
export function isManager(value: unknown): value is BaseCallbackManager {
  return isMarked(value);
}
