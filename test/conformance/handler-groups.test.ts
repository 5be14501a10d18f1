import { expect } from "vitest";
import { AsyncCallbackManager } from "../../src/index.ts";
import {
  collectFailures,
  type GroupSpec,
  PLACEMENTS,
  type PlacedGroup,
  type Placement,
} from "../placements.ts";
import { defect } from "./row.ts";

/** Places handlers as one group, passes them to `body`, and closes them even if it fails. */
async function withGroup(
  placement: Placement,
  specs: readonly GroupSpec[],
  body: (group: PlacedGroup) => Promise<void>,
): Promise<void> {
  const group = await placement.placeGroup(specs);
  try {
    await body(group);
  } finally {
    await group.close();
  }
}

defect("g1", PLACEMENTS, async (placement) => {
  const specs = [
    { fixture: "TextMutator", name: "first" },
    { fixture: "FrozenTexts", name: "second" },
  ] as const;
  await withGroup(placement, specs, async (group) => {
    const run = await new AsyncCallbackManager({ handlers: group.handlers }).onChainStart(null, {});
    await run.onText("original");
    await group.flush();
    const seen = (await group.call<unknown[]>("second", "take")).flat();
    expect(seen).toEqual(["original, frozen: true"]);
  });
});

defect("g2", PLACEMENTS, async (placement) => {
  const specs = [
    { fixture: "Failing", name: "plain" },
    { fixture: "Failing", name: "raiser", options: { raiseError: true } },
    { fixture: "Failing", name: "late", options: { raiseError: true, isAsync: true } },
  ] as const;
  await withGroup(placement, specs, async (group) => {
    const manager = new AsyncCallbackManager({ handlers: group.handlers });
    const failures = await collectFailures(async () => {
      await expect(manager.onChainStart(null, "tea")).rejects.toThrow("no tea");
      await group.flush();
    });
    expect(failures.map(({ handler, event }) => [handler, event])).toEqual([
      ["plain", "on_chain_start"],
      ["raiser", "on_chain_start"],
      ["late", "on_chain_start"],
    ]);
  });
});
