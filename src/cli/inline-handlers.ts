import { errorText, SidecallError } from "../errors.ts";
import type { CallbackHandler } from "../handler.ts";
import { TokenStatistics } from "../handlers/token-statistics.ts";
import { CountingHandler } from "./counting-handler.ts";
import type { HandlerChoice, HandlerRow, PlacedHandlers } from "./handlers.ts";

type Factory = (options: unknown) => unknown;

async function load({ module, export: exportName, options }: HandlerChoice): Promise<CallbackHandler> {
  const where = `${module.href}#${exportName}`;
  const exports: Readonly<Record<string, unknown>> = await import(module.href).catch((error: unknown) => {
    throw new SidecallError(
      "SIDECALL_MODULE_FAILED",
      `Cannot import ${module.href}: ${errorText(error)}`,
      error,
    );
  });
  const found = exports[exportName];
  const made = typeof found === "function" ? await make(found as Factory, options, where) : found;
  if (typeof made === "object" && made !== null) return made;
  const message = `Expected ${where} to be a handler, a handler class or a factory, got ${typeof made}`;
  throw new SidecallError("SIDECALL_NOT_A_HANDLER", message);
}

async function make(factory: Factory, options: unknown, where: string): Promise<unknown> {
  try {
    const isClass = /^class\b/.test(Function.prototype.toString.call(factory));
    return isClass ? Reflect.construct(factory, [options]) : await factory(options);
  } catch (error) {
    if (error instanceof SidecallError) throw error;
    throw new SidecallError("SIDECALL_FACTORY_FAILED", `${where} threw: ${errorText(error)}`, error);
  }
}

class InlineHandlers implements PlacedHandlers {
  readonly handlers: readonly CountingHandler[];

  constructor(handlers: readonly CountingHandler[]) {
    this.handlers = handlers;
  }

  backlog(): number {
    return this.handlers.reduce((sum, handler) => sum + handler.waiting, 0);
  }

  rows(): HandlerRow[] {
    return this.handlers.map(({ name, handled, failed, waiting }) => {
      return { name, placed: "main thread", handled, failed, dropped: 0, waiting };
    });
  }

  async tokenReport() {
    const counting = this.handlers.find(({ inner }) => inner instanceof TokenStatistics);
    return counting?.inner instanceof TokenStatistics ? counting.inner.report() : undefined;
  }

  async flush(): Promise<void> {
    await Promise.all(this.handlers.map((handler) => handler.flush()));
  }

  async close(): Promise<void> {
    await Promise.all(this.handlers.map((handler) => handler.close()));
  }
}

/** Loads handlers onto the main thread. Rejects with a coded error that names the module. */
export async function placeInline(choices: readonly HandlerChoice[]): Promise<PlacedHandlers> {
  const handlers: CountingHandler[] = [];
  for (const choice of choices) handlers.push(new CountingHandler(await load(choice), choice.name));
  return new InlineHandlers(handlers);
}
