import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test, vi } from "vitest";
import {
  AsyncCallbackManager,
  BaseCallbackHandler,
  type CallbackHandler,
  type ConfigureHook,
  registerConfigureHook,
} from "../../src/index.ts";

class Traced extends BaseCallbackHandler {
  override onText(): void {}
}
const ENV = "SIDECALL_TEST_TRACING";

const undo: (() => void)[] = [];
const register = (hook: ConfigureHook) => void undo.push(registerConfigureHook(hook));
afterEach(() => {
  for (const each of undo.splice(0)) each();
  vi.unstubAllEnvs();
});
const handlers = () => AsyncCallbackManager.configure().handlers;

test.each([
  ["", 0],
  ["0", 0],
  ["false", 0],
  ["False", 0],
  ["1", 1],
  ["true", 1],
])("the environment variable at %o adds %i handlers, a new one each time", (value, count) => {
  register({ env: ENV, handlerClass: Traced });
  expect(handlers()).toHaveLength(0);
  vi.stubEnv(ENV, value);
  expect(handlers()).toHaveLength(count);
  if (count > 0) expect(handlers()[0]).not.toBe(handlers()[0]);
});

test("a variable holds the handler; null adds none, undefined leaves the decision to the environment", () => {
  const variable = new AsyncLocalStorage<CallbackHandler | null | undefined>();
  register({ variable, env: ENV, handlerClass: Traced });
  vi.stubEnv(ENV, "1");
  const mine = new Traced();
  expect(variable.run(mine, handlers)).toEqual([mine]);
  expect(variable.run(mine, handlers)[0]).toBe(mine);
  expect(variable.run(null, handlers)).toEqual([]);
  expect(variable.run(undefined, handlers)).toEqual([new Traced()]);
});

test("a hook adds no second handler of its class; without a class, not the same handler twice", () => {
  const variable = new AsyncLocalStorage<CallbackHandler>();
  const [mine, other] = [new Traced(), new Traced()];
  const configured = () => AsyncCallbackManager.configure({ inheritable: [mine] }).handlers;
  const withClass = registerConfigureHook({ variable, handlerClass: Traced });
  expect(variable.run(other, configured)).toEqual([mine]);
  withClass();
  register({ variable });
  expect(variable.run(mine, configured)).toHaveLength(1);
  expect(variable.run(other, configured)).toHaveLength(2);
});

test("a hook's handler is inherited unless the hook says otherwise", () => {
  const variable = new AsyncLocalStorage<CallbackHandler>();
  const mine = new Traced();
  const configured = () => variable.run(mine, () => AsyncCallbackManager.configure());
  const inherited = registerConfigureHook({ variable });
  expect(configured().inheritableHandlers).toEqual([mine]);
  inherited();
  register({ variable, inheritable: false });
  expect(configured()).toMatchObject({ handlers: [mine], inheritableHandlers: [] });
});

test("a hook registered twice is asked once, and not after it is unregistered", () => {
  const getStore = vi.fn(() => null);
  const hook: ConfigureHook = { variable: { getStore } };
  for (let i = 0; i < 50; i += 1) register(hook);
  handlers();
  expect(getStore).toHaveBeenCalledTimes(1);
  for (const each of undo.splice(0)) each();
  handlers();
  expect(getStore).toHaveBeenCalledTimes(1);
});

test("a hook that fails causes a warning; configure still makes the manager", async () => {
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  register({
    variable: {
      getStore: () => {
        throw new RangeError("no store");
      },
    },
  });
  expect(handlers()).toEqual([]);
  expect((await warned).message).toContain("RangeError: no store");
});

test.each([
  [{}, "hook"],
  [{ env: ENV }, "handlerClass"],
  [{ variable: {} }, "variable"],
  [{ vairable: {} }, "vairable"],
])("a hook that cannot add a handler is refused: %o", (hook, name) => {
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${name}\``) };
  expect(() => registerConfigureHook(hook as ConfigureHook)).toThrow(expect.objectContaining(error));
});
