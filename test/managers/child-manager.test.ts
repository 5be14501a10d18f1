import { expect, expectTypeOf, test } from "vitest";
import {
  AsyncCallbackManager,
  type AsyncParentRunManager,
  type ChildManager,
  noopRunManager,
} from "../../src/index.ts";

const PARENTS = ["chain", "tool", "retriever"] as const;

test.each(PARENTS)("getChild() of a %s run gives an AsyncCallbackManager, to the compiler too", (kind) => {
  const child: AsyncCallbackManager = noopRunManager(kind).getChild();
  expect(child).toBeInstanceOf(AsyncCallbackManager);
});

test("a child manager has every member of AsyncCallbackManager, and the same types", () => {
  expectTypeOf<keyof ChildManager>().toEqualTypeOf<keyof AsyncCallbackManager>();
  expectTypeOf<ReturnType<AsyncParentRunManager["getChild"]>>().toExtend<AsyncCallbackManager>();
  expectTypeOf<AsyncCallbackManager>().toExtend<ChildManager>();
});
