import { errorText, SidecallError } from "../src/common/errors.ts";
import { isObject } from "../src/common/json-object.ts";
import type { Answer, ExternalPeers, Question } from "./harness/question.ts";
import type { TargetResult } from "./report/target-result.ts";

/**
 * Adds peers and questions that need more packages than sidecall itself has. `sidecall bench --peers <module>` takes
 * one as the module's default export.
 */
export interface BenchExtension {
  /** Asked after the questions that ship; their names differ from those. */
  readonly questions: readonly Question[];
  /** Makes further peers for a question, shipped or not; empty for a question without any. */
  readonly externalPeers: ExternalPeers;
  /** Names of the npm packages that the peers come from: the results record their versions. */
  readonly packages: readonly string[];
  /** Compares the answers of a run with targets; leaves out those whose questions were not asked. */
  evaluate(answers: readonly Answer[]): readonly TargetResult[];
}

/** Adds nothing: the benchmark as it ships. */
export const NO_EXTENSION: BenchExtension = {
  questions: [],
  externalPeers: () => [],
  packages: [],
  evaluate: () => [],
};

function isExtension(value: unknown): value is BenchExtension {
  if (!isObject(value)) return false;
  const { questions, externalPeers, packages, evaluate } = value;
  const areLists = Array.isArray(questions) && Array.isArray(packages);
  return areLists && typeof externalPeers === "function" && typeof evaluate === "function";
}

/**
 * Imports an extension. Rejects with SIDECALL_MODULE_FAILED if the module cannot be imported, and with
 * SIDECALL_OPTION_INVALID if its default export is no extension.
 */
export async function loadExtension({ href }: URL): Promise<BenchExtension> {
  let module: { readonly default?: unknown };
  try {
    module = await import(href);
  } catch (error) {
    throw new SidecallError(
      "SIDECALL_MODULE_FAILED",
      `Could not import ${href}: ${errorText(error)}; correct --peers`,
      error,
    );
  }
  if (isExtension(module.default)) return module.default;
  throw new SidecallError(
    "SIDECALL_OPTION_INVALID",
    `Expected the default export of ${href} to be { questions, externalPeers, packages, evaluate }: two arrays and two functions; got ${describe(module.default)}`,
  );
}

function describe(value: unknown): string {
  if (!isObject(value)) return value === null ? "null" : typeof value;
  return `an object with ${Object.keys(value).join(", ") || "nothing"}`;
}
