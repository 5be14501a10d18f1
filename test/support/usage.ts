import type { AsyncCallbackManager, LLMResult } from "../../src/index.ts";

/** Usage of a model run, with all details. */
export const USAGE = {
  input_tokens: 1,
  output_tokens: 2,
  total_tokens: 3,
  input_token_details: { audio: 4, cache_read: 5 },
  output_token_details: { audio: 6, reasoning: 7 },
};

/** Usage of `count` runs that each used {@link USAGE}. */
export function times(count: number) {
  return {
    input_tokens: count,
    output_tokens: 2 * count,
    total_tokens: 3 * count,
    input_token_details: { audio: 4 * count, cache_read: 5 * count },
    output_token_details: { audio: 6 * count, reasoning: 7 * count },
  };
}

export function generation(usage: object | undefined, model?: string) {
  const named = model === undefined ? {} : { response_metadata: { model_name: model } };
  return { text: "", message: { usage_metadata: usage, ...named } };
}

export function answer(usage: object, model?: string): LLMResult {
  return { generations: [[generation(usage, model)]] };
}

export async function ask(manager: AsyncCallbackManager, ...responses: LLMResult[]): Promise<void> {
  for (const response of responses) {
    const [run] = await manager.onChatModelStart(null, [[{ role: "user", content: "?" }]]);
    await run?.onLLMEnd(response);
  }
}
