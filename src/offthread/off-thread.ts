import { SidecallError } from "../common/errors.ts";
import { LaneSet } from "../transports/lanes/lane-set.ts";
import {
  type HandlerSpec,
  type OffThreadOptions,
  resolveOptions,
  resolveSpecs,
} from "../transports/options.ts";
import { TaskTransport } from "../transports/tasks/task-transport.ts";
import type { LoadedHandler } from "../wire/protocol.ts";
import { OffThreadHandler, type UntypedHandler } from "./off-thread-handler.ts";

function checkNames(handlers: readonly LoadedHandler[]): void {
  const names = handlers.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new SidecallError(
    "SIDECALL_OPTION_INVALID",
    `Expected every handler to have a name of its own, got two named \`${twice}\`. Give one a \`name\` in its spec.`,
  );
}

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
export async function offThread<Handler extends object = UntypedHandler>(
  specs: HandlerSpec | readonly HandlerSpec[],
  options: OffThreadOptions = {},
): Promise<OffThreadHandler<Handler>> {
  const resolved = resolveOptions(options);
  const setup = { ...resolved, specs: resolveSpecs(specs) };
  const transport = resolved.ordering === "trace" ? new LaneSet(setup) : new TaskTransport(setup);
  try {
    const handlers = await transport.open();
    checkNames(handlers);
    return new OffThreadHandler<Handler>(transport, handlers, resolved);
  } catch (error) {
    await transport.abort(error as SidecallError);
    throw error;
  }
}
