import type { CallbackHandler } from "../handler.ts";
import { checkKeys, invalidOption } from "../options.ts";

export interface ManagerOptions {
  /** Handlers of this manager's own runs. @default [] */
  readonly handlers?: readonly CallbackHandler[];
  /** Handlers that children of its runs get too. @default [] */
  readonly inheritableHandlers?: readonly CallbackHandler[];
  /** @default [] */
  readonly tags?: readonly string[];
  /** @default [] */
  readonly inheritableTags?: readonly string[];
  /** @default {} */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** @default {} */
  readonly inheritableMetadata?: Readonly<Record<string, unknown>>;
  /** The run under which this manager's runs hang. @default none: its runs are roots */
  readonly parentRunId?: string | undefined;
  /** The trace of the parent run. @default the parent's own id, as if it were a root */
  readonly traceId?: string | undefined;
}

const OPTION_KEYS = [
  "handlers",
  "inheritableHandlers",
  "tags",
  "inheritableTags",
  "metadata",
  "inheritableMetadata",
  "parentRunId",
  "traceId",
] as const satisfies (keyof ManagerOptions)[];

/** A class, or the promise of a handler, would take no event and say nothing. */
function checkHandlers(name: string, handlers: readonly CallbackHandler[]): void {
  if (!Array.isArray(handlers)) throw invalidOption(name, "an array of handlers", handlers);
  for (const [i, handler] of handlers.entries()) {
    const given: unknown = handler;
    if (typeof given === "object" && given !== null && !(given instanceof Promise)) continue;
    throw invalidOption(`${name}[${i}]`, "a handler: an object, such as a class's instance", given);
  }
}

function checkOptions(options: ManagerOptions): void {
  checkKeys("options", options, OPTION_KEYS);
  checkHandlers("handlers", options.handlers ?? []);
  checkHandlers("inheritableHandlers", options.inheritableHandlers ?? []);
}

function without<T>(list: readonly T[], gone: readonly T[]): T[] {
  return list.filter((item) => !gone.includes(item));
}

function union<T>(first: readonly T[], second: readonly T[]): T[] {
  return [...new Set([...first, ...second])];
}

function withoutKeys(record: Readonly<Record<string, unknown>>, keys: readonly string[]) {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/**
 * Who hears of runs, and what the runs are tagged with: handlers, tags and metadata, each for this manager's
 * own runs and, separately, for what their children inherit. Everything inheritable applies to own runs only
 * if it is listed there too, as {@link addHandler} and its siblings do.
 */
export class BaseCallbackManager {
  handlers: CallbackHandler[];
  inheritableHandlers: CallbackHandler[];
  tags: string[];
  inheritableTags: string[];
  metadata: Record<string, unknown>;
  inheritableMetadata: Record<string, unknown>;
  readonly parentRunId: string | undefined;
  readonly traceId: string | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: ManagerOptions = {}) {
    // A manager that is copied may be of a class with more properties.
    if (!(options instanceof BaseCallbackManager)) checkOptions(options);
    this.handlers = [...(options.handlers ?? [])];
    this.inheritableHandlers = [...(options.inheritableHandlers ?? [])];
    this.tags = [...(options.tags ?? [])];
    this.inheritableTags = [...(options.inheritableTags ?? [])];
    this.metadata = { ...options.metadata };
    this.inheritableMetadata = { ...options.inheritableMetadata };
    this.parentRunId = options.parentRunId;
    this.traceId = options.traceId ?? options.parentRunId;
  }

  /** Adds a handler once; adding it again changes nothing but may make it inheritable. */
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
    this.handlers = union(handlers, []);
    this.inheritableHandlers = inherit ? union(handlers, []) : [];
  }

  setHandler(handler: CallbackHandler, inherit = true): void {
    this.setHandlers([handler], inherit);
  }

  addTags(tags: readonly string[], inherit = true): void {
    this.tags = union(this.tags, tags);
    if (inherit) this.inheritableTags = union(this.inheritableTags, tags);
  }

  removeTags(tags: readonly string[]): void {
    this.tags = without(this.tags, tags);
    this.inheritableTags = without(this.inheritableTags, tags);
  }

  /** Merges metadata key by key; the last value of a key counts. */
  addMetadata(metadata: Readonly<Record<string, unknown>>, inherit = true): void {
    this.metadata = { ...this.metadata, ...metadata };
    if (inherit) this.inheritableMetadata = { ...this.inheritableMetadata, ...metadata };
  }

  removeMetadata(keys: readonly string[]): void {
    this.metadata = withoutKeys(this.metadata, keys);
    this.inheritableMetadata = withoutKeys(this.inheritableMetadata, keys);
  }

  /** A manager of the same class with lists of its own and the same handlers. */
  copy(): this {
    return this.with(this);
  }

  /**
   * Both managers' handlers, tags and metadata in one: own and inheritable kept apart, in order, this manager's
   * first and without repetition; the other's metadata wins. The parent is this manager's, else the other's.
   */
  merge(other: BaseCallbackManager): this {
    const parent = this.parentRunId === undefined ? other : this;
    return this.with({
      handlers: union(this.handlers, other.handlers),
      inheritableHandlers: union(this.inheritableHandlers, other.inheritableHandlers),
      tags: union(this.tags, other.tags),
      inheritableTags: union(this.inheritableTags, other.inheritableTags),
      metadata: { ...this.metadata, ...other.metadata },
      inheritableMetadata: { ...this.inheritableMetadata, ...other.inheritableMetadata },
      parentRunId: parent.parentRunId,
      traceId: parent.traceId,
    });
  }

  private with(options: ManagerOptions): this {
    const SameClass = this.constructor as new (options: ManagerOptions) => this;
    return new SameClass(options);
  }
}
