import type { HandlerFailure } from "../src/index.ts";
import { type CallbackHandler, offThread, onHandlerError } from "../src/index.ts";
import * as fixtures from "./fixtures/handlers.ts";

type Fixtures = typeof fixtures;
/** Names of the handler classes among the fixtures. */
export type FixtureName = {
  [Name in keyof Fixtures]: Fixtures[Name] extends abstract new (...args: never[]) => object ? Name : never;
}[keyof Fixtures];

/** A handler at its placement. */
export interface Placed {
  readonly handler: CallbackHandler;
  /** Calls a method of the handler: one result for each thread that has it. */
  call<T>(method: string, ...args: unknown[]): Promise<T[]>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A fixture under a name of its own, so that one can be placed twice. */
export interface GroupSpec {
  readonly fixture: FixtureName;
  readonly name: string;
  readonly options?: unknown;
}

/** Several handlers that get the same events, together. */
export interface PlacedGroup {
  /** The handlers to give to a manager: one for each spec, or one that stands for all. */
  readonly handlers: readonly CallbackHandler[];
  call<T>(name: string, method: string): Promise<T[]>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Placement {
  readonly name: string;
  /** Whether the events of a trace arrive in order. */
  readonly isOrdered: boolean;
  readonly isInline: boolean;
  place(name: FixtureName, options?: unknown): Promise<Placed>;
  placeGroup(specs: readonly GroupSpec[]): Promise<PlacedGroup>;
}

type AnyClass = new (options: unknown) => CallbackHandler;

const inline: Placement = {
  name: "inline",
  isOrdered: true,
  isInline: true,
  async place(name, options) {
    const handler = new (Reflect.get(fixtures, name) as AnyClass)(options);
    return {
      handler,
      call: async (method, ...args) => [Reflect.apply(Reflect.get(handler, method), handler, args)],
      flush: async () => undefined,
      close: async () => undefined,
    };
  },
  async placeGroup(specs) {
    const handlers = specs.map(({ fixture, name, options }) => {
      const handler = new (Reflect.get(fixtures, fixture) as AnyClass)(options);
      return Object.assign(handler, { name });
    });
    const named = (name: string) => handlers.find((handler) => handler.name === name) as object;
    return {
      handlers,
      call: async (name, method) => [Reflect.apply(Reflect.get(named(name), method), named(name), [])],
      flush: async () => undefined,
      close: async () => undefined,
    };
  },
};

const FIXTURES = new URL("./fixtures/handlers.js", import.meta.url);

function offThreadWith(
  name: string,
  isOrdered: boolean,
  options: Parameters<typeof offThread>[1],
): Placement {
  return {
    name,
    isOrdered,
    isInline: false,
    async place(exportName, handlerOptions) {
      const spec = { module: FIXTURES, export: exportName, options: handlerOptions };
      const handler = await offThread(spec, options);
      const remote = handler.remote as unknown as Record<string, (...args: unknown[]) => Promise<never[]>>;
      return {
        handler,
        call: (method, ...args) => remote[method]?.(...args) ?? Promise.reject(new Error(method)),
        flush: () => handler.flush(),
        close: () => handler.close(),
      };
    },
    async placeGroup(specs) {
      const handler = await offThread(
        specs.map(({ fixture, ...rest }) => ({ module: FIXTURES, export: fixture, ...rest })),
        options,
      );
      const remotes = handler.remotes as unknown as Record<string, Record<string, () => Promise<never[]>>>;
      return {
        handlers: [handler],
        call: (name, method) => remotes[name]?.[method]?.() ?? Promise.reject(new Error(method)),
        flush: () => handler.flush(),
        close: () => handler.close(),
      };
    },
  };
}

/** Every placement that a handler can have. */
export const PLACEMENTS: readonly Placement[] = [
  inline,
  offThreadWith("off-thread, one lane", true, { threads: 1 }),
  offThreadWith("off-thread, two lanes, tiny rings", true, { threads: 2, ringBytes: 1024 }),
  offThreadWith("off-thread, queued", true, { acknowledge: "queued" }),
  offThreadWith("off-thread, unordered", false, { threads: 2, ordering: "none" }),
];

/** Collects failures of handlers while `body` runs, in place of warnings. */
export async function collectFailures(body: () => Promise<void>): Promise<HandlerFailure[]> {
  const failures: HandlerFailure[] = [];
  const previous = onHandlerError((failure) => failures.push(failure));
  try {
    await body();
  } finally {
    onHandlerError(previous);
  }
  return failures;
}
