import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { SidecallError } from "../common/errors.ts";
import {
  integer,
  millis,
  type OptionsOf,
  oneOf,
  optional,
  type ResolvedOf,
  required,
  resolve,
  unchecked,
} from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { MAX_RING_BYTES, MIN_RING_BYTES } from "../shared-memory/layout.ts";
import { type ResolvedLimits, resolveLimits, type ValueLimits } from "../values/limits.ts";
import { stepText } from "../wire/parcel-parts.ts";
import type { LoadSpec } from "../wire/protocol.ts";
import { OVERFLOW_NAMES } from "./overflow.ts";

const MIB = 1024 * 1024;

interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly stackSizeMb?: number;
}

export const SPEC_OPTIONS = {
  /** `new URL("./audit.js", import.meta.url)`, a `file:` URL as text, or an absolute path. */
  module: required<URL | string>(unchecked),
  /** The export to use. @default "default" */
  export: optional<string>(unchecked, "default"),
  /** First argument of the class or factory; must be cloneable (`structuredClone`). @default none */
  options: optional<unknown>(unchecked),
  /** Names the handler in `remotes`, reports and statistics. @default the handler's own name */
  name: optional<string>(unchecked),
};

export const OFF_THREAD_OPTIONS = {
  /** Worker threads; with `ordering: "trace"` each is one lane. From 1 to 256. @default 1 */
  threads: integer(1, 256, 1),
  /**
   * `"trace"`: the events of a trace are handled in order, on one lane. `"none"`: every event is a task of its own, for
   * any idle thread; for stateless, CPU-heavy handlers. @default "trace"
   */
  ordering: oneOf(["trace", "none"], "trace"),
  /**
   * When the promise of an event resolves: once it is handled, or once it is queued. Tokens resolve once they are
   * queued, and events of handlers with `raiseError` once they are handled. @default "handled"
   */
  acknowledge: oneOf(["handled", "queued"], "handled"),
  /**
   * Applies to an event while `maxBufferedBytes` are waiting already. `"wait"`: it waits too, and its promise with it;
   * callers that do not await let the buffer grow beyond the bound. `"drop"`: it is dropped and counted; tokens are
   * dropped first, starts and ends last. `"throw"`: its promise rejects with `SIDECALL_OVERFLOW`. @default "wait"
   */
  overflow: oneOf(OVERFLOW_NAMES, "wait"),
  /** Bytes of shared memory per lane, rounded up to a power of two. From 1 KiB to 1 GiB. @default 4 MiB */
  ringBytes: integer(MIN_RING_BYTES, MAX_RING_BYTES, 4 * MIB),
  /** Bytes of events, per lane, that may wait on the main thread for space in the ring. At least 0. @default 16 MiB */
  maxBufferedBytes: integer(0, Number.MAX_SAFE_INTEGER, 16 * MIB),
  /** Limits of each event; what exceeds them is cut, and marked by a `StandIn`. @default those below */
  limits: optional<ValueLimits>(unchecked),
  /** Longest time that a handler's promise may stay pending; after it the event counts as failed. @default 60,000 */
  handlerTimeoutMillis: millis(60_000),
  /** Memory limits of each thread, as `Worker` takes them. @default none */
  resourceLimits: optional<ResourceLimits>(unchecked),
};

/** Names a module whose export is a handler, a handler class, or a factory of handlers. */
export type HandlerSpec = OptionsOf<typeof SPEC_OPTIONS>;
export type OffThreadOptions = OptionsOf<typeof OFF_THREAD_OPTIONS>;
export interface ResolvedOptions extends ResolvedOf<typeof OFF_THREAD_OPTIONS> {
  readonly limits: ResolvedLimits;
}
export type Ordering = ResolvedOptions["ordering"];
export type Acknowledge = ResolvedOptions["acknowledge"];
export type Overflow = ResolvedOptions["overflow"];

export function resolveOptions(options: OffThreadOptions): ResolvedOptions {
  const resolved = resolve("options", OFF_THREAD_OPTIONS, options);
  return { ...resolved, limits: resolveLimits(resolved.limits) };
}

function moduleHref(module: URL | string): string {
  if (module instanceof URL) return module.href;
  if (typeof module === "string") {
    if (isAbsolute(module)) return pathToFileURL(module).href;
    if (module.startsWith("file:") || module.startsWith("data:")) return module;
  }
  const expected = "a URL or an absolute path, such as `new URL('./handler.js', import.meta.url)`";
  throw invalidOption("module", expected, module);
}

/** Path of the first part of `value` that cannot be cloned, as in `options.rules[2].test`. */
function uncloneablePath(value: unknown, path: string, seen: Set<unknown>): string {
  if (typeof value !== "object" || value === null || seen.has(value)) return path;
  seen.add(value);
  for (const key of Object.keys(value)) {
    const at = path + stepText({ of: "property", key });
    try {
      const part: unknown = Reflect.get(value, key);
      if (!isCloneable(part)) return uncloneablePath(part, at, seen);
    } catch {
      return at;
    }
  }
  return path;
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function checkCloneable(options: unknown): void {
  try {
    structuredClone(options);
  } catch (error) {
    const path = uncloneablePath(options, "options", new Set());
    const message = `Expected \`options\` to be cloneable to a worker thread; \`${path}\` is not. Build it in the handler module.`;
    throw new SidecallError("SIDECALL_OPTION_NOT_CLONEABLE", message, error);
  }
}

function resolveSpec(spec: HandlerSpec): LoadSpec {
  const { module, export: exportName, options, name } = resolve("spec", SPEC_OPTIONS, spec);
  checkCloneable(options);
  return { href: moduleHref(module), exportName, options, name };
}

export function resolveSpecs(specs: HandlerSpec | readonly HandlerSpec[]): LoadSpec[] {
  const list = Array.isArray(specs) ? specs : [specs];
  if (list.length === 0) throw invalidOption("spec", "at least one handler", specs);
  return list.map(resolveSpec);
}
