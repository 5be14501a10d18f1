import { expect } from "vitest";
import {
  AsyncCallbackManager,
  BaseCallbackManager,
  type CallbackHandler,
  StdOutCallbackHandler,
} from "../../src/index.ts";
import { PLACEMENTS } from "../placements.ts";
import { taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

const handler = (name: string): CallbackHandler => ({ name, onText: () => undefined });
const [one, two, three, four] = [handler("1"), handler("2"), handler("3"), handler("4")];

function lists({ handlers, inheritableHandlers }: BaseCallbackManager) {
  const names = (list: readonly CallbackHandler[]) => list.map(({ name }) => name).join("");
  return [names(handlers), names(inheritableHandlers)];
}

row(10, NO_PLACEMENT, () => {
  expect(lists(new BaseCallbackManager({ handlers: [one, two] }))).toEqual(["12", ""]);
});

row(11, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager({ handlers: [three] });
  manager.setHandlers([one, two]);
  expect(lists(manager)).toEqual(["12", "12"]);
});

row(12, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  manager.setHandlers([one, two]);
  manager.setHandlers([two, three], false);
  expect(lists(manager)).toEqual(["23", ""]);
});

row(13, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  for (const each of [two, one, three]) manager.addHandler(each);
  expect(lists(manager)).toEqual(["213", "213"]);
});

row(14, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  manager.addHandler(one);
  manager.addHandler(two, false);
  expect(lists(manager)).toEqual(["12", "1"]);
});

row(17, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  manager.addHandler(one);
  manager.addHandler(one);
  expect(lists(manager)).toEqual(["1", "1"]);
});

row(18, NO_PLACEMENT, () => {
  const manager = AsyncCallbackManager.configure({
    inheritable: [one, two],
    local: [three, four],
    verbose: true,
  });
  expect(manager).toBeInstanceOf(AsyncCallbackManager);
  expect(manager.handlers).toEqual([one, two, three, four, expect.any(StdOutCallbackHandler)]);
  expect(manager.inheritableHandlers).toEqual([one, two]);
});

row(19, NO_PLACEMENT, () => {
  const local = new AsyncCallbackManager({
    handlers: [three, four],
    inheritableHandlers: [four],
    tags: ["t"],
  });
  const manager = AsyncCallbackManager.configure({ inheritable: [one, two], local });
  expect(lists(manager)).toEqual(["1234", "12"]);
  expect(manager.tags).toEqual([]);
});

row(22, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager({ handlers: [one], inheritableHandlers: [two] });
  manager.removeHandler(one);
  manager.removeHandler(two);
  manager.removeHandler(three);
  expect(lists(manager)).toEqual(["", ""]);
});

row(23, NO_PLACEMENT, () => {
  const first = new AsyncCallbackManager({ handlers: [one], inheritableHandlers: [two] });
  const other = new AsyncCallbackManager({ handlers: [three], inheritableHandlers: [four] });
  expect(lists(first.merge(other))).toEqual(["13", "24"]);
});

defect("3.1.1", NO_PLACEMENT, () => {
  const [given, tags] = [[one], ["t"]];
  const manager = new BaseCallbackManager({ handlers: given, tags });
  given.push(two);
  manager.addTags(["u"]);
  expect(lists(manager)).toEqual(["1", ""]);
  expect(tags).toEqual(["t"]);
});

defect("3.1.2", NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  manager.addTags(["a", "b"]);
  manager.addTags(["a"], false);
  expect([manager.tags, manager.inheritableTags]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

defect("3.1.3", NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager();
  manager.addTags(["a", "b", "a"]);
  expect([manager.tags, manager.inheritableTags]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

defect("3.1.4", NO_PLACEMENT, () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}`);
  const [first, other] = [names.slice(0, 12), names.slice(8)].map(
    (tags) => new BaseCallbackManager({ handlers: tags.map(handler), tags, inheritableTags: tags }),
  );
  const merged = first?.merge(other as BaseCallbackManager);
  expect(merged?.tags).toEqual(names);
  expect(merged?.inheritableTags).toEqual(names);
  // Handlers are the same only if they are one object.
  expect(merged?.handlers.map(({ name }) => name)).toEqual([...names.slice(0, 12), ...names.slice(8)]);
});

defect("3.5.1", NO_PLACEMENT, () => {
  const manager = AsyncCallbackManager.configure({
    inheritable: [one, two, one],
    local: [three, three, two],
  });
  expect(lists(manager)).toEqual(["123", "12"]);
});

defect("3.5.2", NO_PLACEMENT, () => {
  const manager = AsyncCallbackManager.configure({ inheritableTags: ["both"], localTags: ["both", "local"] });
  expect(manager).toMatchObject({ tags: ["both", "local"], inheritableTags: ["both"] });
});

defect("c26", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const list = [placed.handler];
    const manager = new AsyncCallbackManager();
    manager.setHandlers(list);
    for (const [inheritable, local] of [
      [list, []],
      [[], list],
      [list, list],
      [manager, list],
      [manager, manager],
    ]) {
      const run = await AsyncCallbackManager.configure({ inheritable, local }).onChainStart(null, {});
      await run.onChainEnd({});
      expect(await taken(placed)).toHaveLength(2);
    }
  });
});
