import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnyEventRecord, SidecallError, type TracedRun } from "../../src/index.ts";
import { RunTrees } from "../../src/tracers/run-tree.ts";
import { type GrowingRun, objectRecorder } from "../../src/tracers/traced-run.ts";
import { record } from "../support/records.ts";

/** A run in the model. `parent`: index in the list of all runs; `given`: its tree is over. */
interface ModelRun {
  readonly id: string;
  readonly kind: "chain" | "tool";
  readonly parent: number | undefined;
  ended: boolean;
  given: boolean;
  texts: number;
}

interface Action {
  readonly what: "start" | "end" | "text";
  readonly id: string;
  readonly kind: "chain" | "tool";
  readonly parent: string | undefined;
}

type Shape = readonly [id: string, ended: boolean, texts: number, children: readonly Shape[]];
type Outcome = { readonly code?: string; readonly given?: Shape };

/** The rules of RunTrees, written once more on a plain list of every run that ever began. */
class Model {
  readonly runs: ModelRun[] = [];

  apply({ what, id, kind, parent }: Action): Outcome {
    const known = this.#known(id);
    if (what === "start") {
      if (known?.ended === false) return { code: "SIDECALL_RUN_REUSED" };
      const above = parent === undefined ? undefined : this.#known(parent);
      const place = above === undefined ? undefined : this.runs.indexOf(above);
      this.runs.push({ id, kind, parent: place, ended: false, given: false, texts: 0 });
      return {};
    }
    if (known === undefined) return { code: "SIDECALL_RUN_UNKNOWN" };
    if (what === "text") return this.#text(known);
    if (known.kind !== kind) return { code: "SIDECALL_RUN_UNKNOWN" };
    return this.#end(known);
  }

  shape(place: number): Shape {
    const { id, ended, texts } = this.runs[place] as ModelRun;
    const children = this.runs.flatMap(({ parent }, child) => (parent === place ? [this.shape(child)] : []));
    return [id, ended, texts, children];
  }

  openRoots(): number[] {
    return this.runs.flatMap(({ parent, given }, place) => (parent === undefined && !given ? [place] : []));
  }

  /** An id stands for the newest run that has it. */
  #known(id: string): ModelRun | undefined {
    const newest = this.runs.findLast((run) => run.id === id);
    return newest?.given ? undefined : newest;
  }

  #text(run: ModelRun): Outcome {
    if (run.ended) return { code: "SIDECALL_RUN_UNKNOWN" };
    run.texts += 1;
    return {};
  }

  #end(run: ModelRun): Outcome {
    if (run.ended) return { code: "SIDECALL_RUN_ENDED" };
    run.ended = true;
    if (run.parent !== undefined) return {};
    const root = this.runs.indexOf(run);
    const tree = this.runs.filter((_, place) => this.#rootOf(place) === root);
    for (const each of tree) each.given = true;
    const given = this.shape(root);
    return tree.every(({ ended }) => ended) ? { given } : { code: "SIDECALL_RUN_LEFT_OPEN", given };
  }

  #rootOf(place: number): number {
    const parent = this.runs[place]?.parent;
    return parent === undefined ? place : this.#rootOf(parent);
  }
}

function recordOf({ what, id, kind, parent }: Action): AnyEventRecord {
  if (what === "text") return record("on_text", id, { text: "t" });
  if (what === "start") return record(`on_${kind}_start`, id, { parentRunId: parent, input: "", inputs: {} });
  return record(`on_${kind}_end`, id, { outputs: {}, output: 1 });
}

function shapeOf({ id, endTime, events, children }: TracedRun): Shape {
  return [id, endTime !== null, events.length, children.map(shapeOf)];
}

function apply(trees: RunTrees<GrowingRun>, action: Action): Outcome {
  try {
    const step = trees.add(recordOf(action));
    if (!step?.isEnd || !step.isRoot) return {};
    const given = { given: shapeOf(step.run) };
    return step.misuse === undefined ? given : { code: step.misuse.code, ...given };
  } catch (error) {
    if (error instanceof SidecallError) return { code: error.code };
    throw error;
  }
}

const ID = fc.constantFrom("a", "b", "c", "d", "e");
const ACTION: fc.Arbitrary<Action> = fc.record({
  what: fc.constantFrom("start", "start", "end", "end", "text"),
  id: ID,
  kind: fc.constantFrom("chain", "chain", "chain", "tool"),
  parent: fc.option(fc.oneof(ID, fc.constant("stranger")), { nil: undefined }),
});

test("for any sequence of events the trees match the model, return every run once, and keep nothing", () => {
  let given = 0;
  fc.assert(
    fc.property(fc.array(ACTION, { minLength: 40, maxLength: 120 }), (actions) => {
      const model = new Model();
      const trees = new RunTrees(objectRecorder((value) => value));
      for (const action of actions) {
        const outcome = apply(trees, action);
        expect(outcome).toEqual(model.apply(action));
        if (outcome.given !== undefined) given += 1;
      }
      expect(trees.takeAll().map(shapeOf)).toEqual(model.openRoots().map((place) => model.shape(place)));
      expect(trees.size).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(given).toBeGreaterThan(300);
});
