import type { EventRecord } from "../../core/events.ts";
import type { LLMResult } from "../../core/payloads.ts";
import type { UsageMetadata } from "../../llm/counts.ts";
import { modelOfResponse, UNKNOWN_MODEL } from "../../llm/model-name.ts";
import { addUsage, sumUsage } from "../../llm/usage.ts";
import { BaseCallbackHandler } from "../base.ts";
import { RunModels } from "./run-models.ts";

/** Usage by model name; {@link UNKNOWN_MODEL} stands for models without one. */
export type UsageReport = Readonly<Record<string, UsageMetadata>>;

class UsageByModel {
  readonly #models = new Map<string, UsageMetadata>();

  add(model: string, usage: UsageMetadata): void {
    this.#models.set(model, addUsage(this.#models.get(model), usage));
  }

  report(): UsageReport {
    return Object.fromEntries(this.#models);
  }
}

/** Sums up reports of several lanes. */
export function mergeUsageReports(reports: readonly UsageReport[]): UsageReport {
  const sum = new UsageByModel();
  for (const report of reports) {
    for (const [model, usage] of Object.entries(report)) sum.add(model, usage);
  }
  return sum.report();
}

/**
 * Sums the usage that providers report, per model: input, output and total tokens and all their details, over all
 * generations of all prompts, of failed runs too. A response without usage counts nothing.
 *
 * A model's name is the one in its response, else the one in the run's start (the model asked for, else the run's name),
 * else {@link UNKNOWN_MODEL}. Memory holds the models and the runs under way.
 *
 * Read the sums with `usageMetadata`. Off-thread a getter is out of reach: `remote.report()` gives one report per lane,
 * for {@link mergeUsageReports}. With `ordering: "none"` responses alone name models, since starts may go elsewhere.
 */
export class UsageMetadataCallbackHandler extends BaseCallbackHandler {
  readonly #models = new RunModels();
  readonly #usage = new UsageByModel();

  /** The sums so far, as a copy. */
  get usageMetadata(): UsageReport {
    return this.#usage.report();
  }

  /** Returns `usageMetadata`; for `remote`, which calls methods. */
  report(): UsageReport {
    return this.usageMetadata;
  }

  override onLLMStart(record: EventRecord<"on_llm_start">): void {
    this.#models.begin(record);
  }

  override onChatModelStart(record: EventRecord<"on_chat_model_start">): void {
    this.#models.begin(record);
  }

  override onLLMEnd({ runId, response }: EventRecord<"on_llm_end">): void {
    this.#end(runId, response);
  }

  override onLLMError({ runId, response }: EventRecord<"on_llm_error">): void {
    this.#end(runId, response);
  }

  #end(runId: string, response: LLMResult | undefined): void {
    const requested = this.#models.end(runId);
    if (response === undefined) return;
    const usage = sumUsage(response);
    if (usage !== undefined) this.#usage.add(modelOfResponse(response) ?? requested ?? UNKNOWN_MODEL, usage);
  }
}

/** @alias The export that a handler spec takes by default. */
export default UsageMetadataCallbackHandler;
