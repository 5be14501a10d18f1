import { AsyncLocalStorage } from "node:async_hooks";
import { CallbackManager as LangChainManager } from "@langchain/core/callbacks/manager";
import { expect, test, vi } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  type Callbacks,
  offThread,
  registerConfigureHook,
  startChainGroup,
  streamEvents,
  traceAsChainGroup,
  withContext,
} from "../../src/index.ts";
import { loadHandlers } from "../../workers/load-handlers.ts";
import * as fixtures from "../fixtures/unheard-handlers.ts";
import { collectWarnings } from "../support/warnings.ts";

const { refused, taken } = fixtures;
const handlerOf = (name: string): CallbackHandler => Reflect.get(fixtures, name);
const configure = AsyncCallbackManager.configure.bind(AsyncCallbackManager);
const body = () => undefined;

/** Every place where a handler is given, by the name of the option that its message has. */
const DOORS: Readonly<Record<string, (handler: CallbackHandler) => unknown>> = {
  "handlers[0] of a new manager": (handler) => new AsyncCallbackManager({ handlers: [handler] }),
  "inheritableHandlers[0] of a new manager": (handler) =>
    new AsyncCallbackManager({ inheritableHandlers: [handler] }),
  "handlers[0] of addHandler": (handler) => new AsyncCallbackManager().addHandler(handler),
  "handlers[1] of setHandlers": (handler) =>
    new AsyncCallbackManager().setHandlers([{ onText: body }, handler]),
  "handlers[0] of setHandler": (handler) => new AsyncCallbackManager().setHandler(handler),
  "inheritable[0] of configure": (handler) => configure({ inheritable: [handler] }),
  "local[0] of configure": (handler) => configure({ local: [handler] }),
  "handlers[0] of withContext": (handler) => withContext({ handlers: [handler] }, body),
  "callbacks[0] of startChainGroup": (handler) => startChainGroup("g", { callbacks: [handler] }),
  "callbacks[0] of traceAsChainGroup": (handler) => traceAsChainGroup("g", { callbacks: [handler] }, body),
  "callbacks[0] of streamEvents": (handler) => streamEvents(body, { callbacks: [handler] }),
};

test.each(Object.keys(DOORS))("a handler that can get no event is refused: %s", async (door) => {
  for (const [name, text] of Object.entries(refused)) {
    const give = async () => DOORS[door]?.(handlerOf(name));
    const error = await give().catch((error: unknown) => error);
    expect(error, name).toMatchObject({
      code: "SIDECALL_NOT_A_HANDLER",
      message: expect.stringMatching(text),
    });
    const option = door.slice(0, door.indexOf(" "));
    expect(error).toMatchObject({
      message: expect.stringContaining(`Expected \`${option}\` to be a handler`),
    });
  }
  for (const name of taken) await DOORS[door]?.(handlerOf(name));
  await DOORS[door]?.({ onText: vi.fn() });
});

test("a configure hook with a handler that can get no event adds none, and reports why", async () => {
  const variable = new AsyncLocalStorage<CallbackHandler>();
  const unregister = registerConfigureHook({ variable });
  const warnings = await collectWarnings(async () => {
    expect(variable.run(handlerOf("pythonMethods"), () => configure().handlers)).toEqual([]);
  });
  unregister();
  expect(warnings).toEqual([expect.stringMatching(/gave no handler: .*on_llm_start \(here onLLMStart\)/)]);
});

const module = new URL("../fixtures/unheard-handlers.js", import.meta.url);

const context = { lane: 0, threads: 1, restarts: 0 };

test("what threads load is refused for the same reasons", async () => {
  const load = (exportName: string) =>
    loadHandlers([{ href: module.href, exportName, options: undefined, name: undefined }], context);
  for (const [name, text] of Object.entries(refused)) {
    const failure = await load(name);
    expect(failure, name).toMatchObject({
      code: "SIDECALL_NOT_A_HANDLER",
      message: expect.stringMatching(text),
    });
    expect(failure).toMatchObject({
      message: expect.stringContaining(`Expected \`${name}\` of ${module.href}`),
    });
  }
  for (const name of taken) expect(await load(name), name).toMatchObject([{ misnamed: [] }]);
});

test.each(["trace", "none"] as const)("threads refuse the same handlers, ordering %s", async (ordering) => {
  const names = ["langChainHandler", "flushAndClose"];
  const given = names.map((name) => offThread({ module, export: name }, { ordering }));
  for (const [i, result] of (await Promise.allSettled(given)).entries()) {
    const message = expect.stringMatching(refused[names[i] ?? ""] ?? /^$/);
    expect(result).toMatchObject({ reason: { code: "SIDECALL_NOT_A_HANDLER", message } });
  }
});

const MISNAMED = [
  /^handler misnamed has onLlmEnd, which is no event's method .*; did you mean onLLMEnd\?$/,
  /^handler misnamed has on_tool_start, .*; did you mean onToolStart\?$/,
  /^handler misnamed has onDone, .*; did you mean on\w+\?$/,
].map((text) => expect.stringMatching(text));

test("a method that is named like an event's and is none causes one warning, however often it is given", async () => {
  const warnings = await collectWarnings(async () => {
    for (let i = 0; i < 3; i += 1) {
      const manager = new AsyncCallbackManager({ handlers: [fixtures.misnamed, { ...fixtures.misnamed }] });
      (await manager.onChainStart(null, {})).getChild("tag");
      configure({ inheritable: manager, local: [fixtures.misnamedTracer] });
    }
  });
  expect(warnings).toEqual([
    ...MISNAMED,
    expect.stringMatching(/^handler MisnamedTracer has onRunStarted, .*; did you mean onRunStart\?$/),
  ]);
});

test.each(["trace", "none"] as const)(
  "threads warn of it once on the main thread, ordering %s",
  async (ordering) => {
    // Names are warned of once for each handler's name.
    const name = `misnamed ${ordering}`;
    const warnings = await collectWarnings(async () => {
      for (let i = 0; i < 2; i += 1) {
        const spec = { module, export: "misnamed", name };
        await (await offThread(spec, { ordering, threads: 2 })).close();
      }
    });
    expect(warnings.map((text) => text.replace(name, "misnamed"))).toEqual(MISNAMED);
  },
);

test("a handler that is refused can be given once it has its methods", () => {
  const handler: { onText?: () => void } = {};
  const give = () => new AsyncCallbackManager({ handlers: [handler] });
  expect(give).toThrow(/without methods.*once it has its methods/);
  handler.onText = body;
  expect(give().handlers).toEqual([handler]);
});

test("a proxy without end is refused or taken, and a handler that cannot be read is taken: its events report it", () => {
  const endless = (): object => new Proxy({}, { getPrototypeOf: endless });
  expect(() => new AsyncCallbackManager({ handlers: [endless() as CallbackHandler] })).toThrow(
    /without methods/,
  );
  const broken = {
    get onText(): never {
      throw new Error("unreadable");
    },
  };
  expect(new AsyncCallbackManager({ handlers: [broken] }).handlers).toEqual([broken]);
});

const handler = { onText: body };

test.each<[unknown, RegExp]>([
  [[handler], /`options` to be an object; did you mean `\{ inheritable: \[\.\.\.\] \}`\?/],
  [new AsyncCallbackManager(), /did you mean `\{ inheritable: manager \}`\?/],
  [
    { inheritable: handler },
    /`inheritable` to be an array of handlers, or a manager .*such as `\[handler\]`/,
  ],
  [{ inheritable: new LangChainManager() }, /`inheritable` to be .* got `\w+`, a manager of LangChain\.js\./],
  [{ local: LangChainManager }, /`local` to be an array of handlers, or a manager/],
  [{ inheritable: [Promise.resolve(handler)] }, /`inheritable\[0\]` to be a handler: .*; await it/],
  [{ inheritable: "audit" }, /`inheritable` to be an array of handlers/],
])("configure(%o) says what was meant", (options, text) => {
  const refusal = { code: "SIDECALL_OPTION_INVALID", message: expect.stringMatching(text) };
  expect(() => configure(options as { inheritable: Callbacks })).toThrow(expect.objectContaining(refusal));
});
