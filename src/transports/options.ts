import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { SidecallError } from "../common/errors.ts";
import { checkInteger, checkKeys, checkMillis, checkOneOf, invalidOption } from "../common/validate.ts";
import { MAX_RING_BYTES, MIN_RING_BYTES } from "../shared-memory/layout.ts";
import type { LoadSpec } from "../wire/protocol.ts";

/** What runs: a module whose export is a handler, a handler class, or a factory of handlers. */
export interface HandlerSpec {
  /** `new URL("./audit.js", import.meta.url)`, a `file:` URL as text, or an absolute path. */
  readonly module: URL | string;
  /** The export to use. @default "default" */
  readonly export?: string;
  /** First argument of the class or factory; must be cloneable (`structuredClone`). @default undefined */
  readonly options?: unknown;
  /** Names the handler in `remotes`, reports and statistics. @default the handler's own name */
  readonly name?: string;
}

export type Ordering = "trace" | "none";
export type Completion = "handled" | "queued";
export type Overflow = "wait" | "drop" | "throw";

export interface OffThreadOptions {
  /** Worker threads; with `ordering: "trace"` each is one lane. From 1 to 256. @default 1 */
  readonly threads?: number;
  /**
   * "trace": the events of a trace are handled in order, on one lane. "none": every event is a task of its own
   * for any idle thread; for stateless, CPU-heavy handlers. @default "trace"
   */
  readonly ordering?: Ordering;
  /** When the promise of an event that is no token resolves: once handled, or once queued. @default "handled" */
  readonly completion?: Completion;
  /**
   * What happens to an event when `maxBufferedBytes` are waiting already. "wait": it waits too, and its promise with
   * it; callers that do not await let the buffer grow beyond the bound. "drop": it is dropped and counted, tokens
   * first, starts and ends last. "throw": its promise rejects with SIDECALL_OVERFLOW. @default "wait"
   */
  readonly overflow?: Overflow;
  /** Shared memory per lane, rounded up to a power of two. From 1 KiB to 1 GiB. @default 4 MiB */
  readonly ringBytes?: number;
  /** Bytes of events that may wait on the main thread for room, per lane. @default 16 MiB */
  readonly maxBufferedBytes?: number;
  /** How long a handler's promise may stay pending before its event counts as failed. @default 60,000 */
  readonly handlerTimeoutMillis?: number;
  /** Memory limits of each thread, as `Worker` takes them. @default none */
  readonly resourceLimits?: {
    readonly maxOldGenerationSizeMb?: number;
    readonly maxYoungGenerationSizeMb?: number;
    readonly stackSizeMb?: number;
  };
}

export type ResolvedOptions = Required<Omit<OffThreadOptions, "resourceLimits">> &
  Pick<OffThreadOptions, "resourceLimits">;

const OPTION_KEYS = [
  "threads",
  "ordering",
  "completion",
  "overflow",
  "ringBytes",
  "maxBufferedBytes",
  "handlerTimeoutMillis",
  "resourceLimits",
] as const satisfies (keyof OffThreadOptions)[];
const SPEC_KEYS = ["module", "export", "options", "name"] as const satisfies (keyof HandlerSpec)[];
const MIB = 1024 * 1024;

export function resolveOptions(options: OffThreadOptions): ResolvedOptions {
  checkKeys("options", options, OPTION_KEYS);
  const { resourceLimits } = options;
  return {
    threads: checkInteger("threads", options.threads ?? 1, 1, 256),
    ordering: checkOneOf("ordering", options.ordering ?? "trace", ["trace", "none"]),
    completion: checkOneOf("completion", options.completion ?? "handled", ["handled", "queued"]),
    overflow: checkOneOf("overflow", options.overflow ?? "wait", ["wait", "drop", "throw"]),
    ringBytes: checkInteger("ringBytes", options.ringBytes ?? 4 * MIB, MIN_RING_BYTES, MAX_RING_BYTES),
    maxBufferedBytes: checkInteger("maxBufferedBytes", options.maxBufferedBytes ?? 16 * MIB, 0),
    handlerTimeoutMillis: checkMillis("handlerTimeoutMillis", options.handlerTimeoutMillis ?? 60_000),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  };
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
    const at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
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
  checkKeys("spec", spec, SPEC_KEYS);
  checkCloneable(spec.options);
  const { options, name } = spec;
  return { href: moduleHref(spec.module), exportName: spec.export ?? "default", options, name };
}

export function resolveSpecs(specs: HandlerSpec | readonly HandlerSpec[]): LoadSpec[] {
  const list = Array.isArray(specs) ? specs : [specs];
  if (list.length === 0) throw invalidOption("spec", "at least one handler", specs);
  return list.map(resolveSpec);
}
