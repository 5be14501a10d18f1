import { expect } from "vitest";
import { BaseCallbackManager } from "../../src/index.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

const handlers = [{ onText: () => 1 }, { onText: () => 2 }] as const;

row(10, NO_PLACEMENT, () => {
  const manager = new BaseCallbackManager({ handlers });
  expect(manager.handlers).toEqual(handlers);
  expect(manager.inheritableHandlers).toEqual([]);
});

defect("3.1.1", NO_PLACEMENT, () => {
  const [given, tags] = [[...handlers], ["t"]];
  const manager = new BaseCallbackManager({ handlers: given, tags });
  given.length = 0;
  manager.addTags(["u"]);
  expect(manager.handlers).toEqual(handlers);
  expect(tags).toEqual(["t"]);
});
