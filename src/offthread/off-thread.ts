import { SidecallError } from "../common/errors.ts";
import type { HandlerModule } from "../core/handler.ts";
import { warnOfMisnamed } from "../core/misnamed.ts";
import { LaneSet } from "../transports/lanes/lane-set.ts";
import {
  type HandlerSpec,
  type OffThreadOptions,
  type Ordering,
  type ResolvedOptions,
  resolveOptions,
  resolveSpecs,
} from "../transports/options.ts";
import type { RemotesOf, UntypedHandler } from "../transports/remote.ts";
import { TaskTransport } from "../transports/tasks/task-transport.ts";
import type { Transport } from "../transports/transport.ts";
import type { LoadedHandler, LoadSpec } from "../wire/protocol.ts";
import { OffThreadHandler } from "./off-thread-handler.ts";

function checkNames(handlers: readonly LoadedHandler[]): void {
  const names = handlers.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new SidecallError(
    "SIDECALL_OPTION_INVALID",
    `Expected every handler to have a name of its own, got two named \`${twice}\`. Give one a \`name\` in its spec.`,
  );
}

type Setup = ResolvedOptions & { readonly specs: readonly LoadSpec[] };

/** How events reach the threads, by the option `ordering`. A further transport is a row here. */
const TRANSPORTS = {
  trace: (setup) => new LaneSet(setup),
  none: (setup) => new TaskTransport(setup),
} as const satisfies Readonly<Record<Ordering, (setup: Setup) => Transport>>;

/**
 * Starts worker threads, loads handlers in them, and gives back a handler that stands for them all: an event given to it is
 * encoded once and handled there.
 *
 * ```ts
 * const audit = await offThread({ module: new URL("./audit.js", import.meta.url) }, { threads: 2 });
 * const manager = new AsyncCallbackManager({ handlers: [audit] });
 * ```
 *
 * Rejects with a SidecallError, and leaves no thread behind: SIDECALL_OPTION_INVALID, SIDECALL_OPTION_NOT_CLONEABLE,
 * SIDECALL_MODULE_FAILED, SIDECALL_NOT_A_HANDLER, SIDECALL_FACTORY_FAILED or SIDECALL_LANE_DIED.
 */
export function offThread<const Specs extends readonly HandlerSpec[]>(
  specs: Specs,
  options?: OffThreadOptions,
): Promise<OffThreadHandler<UntypedHandler, RemotesOf<Specs>>>;
export function offThread<Handler extends object = UntypedHandler>(
  specs: (HandlerSpec & { readonly module: string | HandlerModule<Handler> }) | readonly HandlerSpec[],
  options?: OffThreadOptions,
): Promise<OffThreadHandler<Handler>>;
export async function offThread(
  specs: HandlerSpec | readonly HandlerSpec[],
  options: OffThreadOptions = {},
): Promise<OffThreadHandler> {
  const resolved = resolveOptions(options);
  const transport = TRANSPORTS[resolved.ordering]({ ...resolved, specs: resolveSpecs(specs) });
  try {
    const handlers = await transport.open();
    checkNames(handlers);
    // Here, where a process listens for warnings, and once for all threads.
    for (const { name, misnamed } of handlers) warnOfMisnamed(name, misnamed);
    return new OffThreadHandler(transport, handlers, resolved);
  } catch (error) {
    await transport.abort(error as SidecallError);
    throw error;
  }
}
