import type { EventRecord } from "../../core/events.ts";
import { modelOfStart } from "../../llm/model-name.ts";

/** The model that each open model run was started with, if its start names one. */
export class RunModels {
  readonly #models = new Map<string, string>();

  begin(record: EventRecord<"on_llm_start" | "on_chat_model_start">): string | undefined {
    const model = modelOfStart(record);
    if (model !== undefined) this.#models.set(record.runId, model);
    return model;
  }

  /** Forgets the run and returns its model. */
  end(runId: string): string | undefined {
    const model = this.#models.get(runId);
    this.#models.delete(runId);
    return model;
  }
}
