import type { JsonObject } from "../../common/json-object.ts";
import { type OptionsOf, oneOf, type ResolvedOf, resolve } from "../../common/options.ts";
import type { EventRecord } from "../../core/events.ts";
import { bufferString, contentText } from "../../core/message-text.ts";
import type { LLMResult } from "../../core/payloads.ts";
import { argumentsText, toolCallsOf } from "../../core/tool-calls.ts";
import { generationsOf, generationText } from "../../llm/generations.ts";
import { UNKNOWN_MODEL } from "../../llm/model-name.ts";
import { BaseCallbackHandler } from "../base.ts";
import { RunModels } from "./run-models.ts";

/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

/** The tokens that one model has read and written, in the report's encoding. */
export interface ModelTokens {
  /** Number of prompts, or of whole conversations for chat models. */
  readonly prompts: number;
  readonly promptTokens: number;
  /** Number of generations, those of failed runs included. */
  readonly texts: number;
  readonly completionTokens: number;
}

export interface TokenReport {
  readonly encoding: TokenEncoding;
  readonly models: Readonly<Record<string, ModelTokens>>;
}

const STATISTICS_OPTIONS = {
  /** "o200k_base" is the encoding of gpt-4o and later. @default "o200k_base" */
  encoding: oneOf(["o200k_base", "cl100k_base"], "o200k_base"),
};
export type TokenStatisticsOptions = OptionsOf<typeof STATISTICS_OPTIONS>;
export type TokenEncoding = ResolvedOf<typeof STATISTICS_OPTIONS>["encoding"];

/** The part of a tokenizer that is used. Spelt out to keep the tokenizer's types out of the package's declarations. */
interface Tokenizer {
  countTokens(text: string, options: { disallowedSpecial: Set<string> }): number;
}
const ENCODINGS: Readonly<Record<TokenEncoding, () => Promise<Tokenizer>>> = {
  o200k_base: () => import("gpt-tokenizer/encoding/o200k_base"),
  cl100k_base: () => import("gpt-tokenizer/encoding/cl100k_base"),
};

const NOTHING: ModelTokens = { prompts: 0, promptTokens: 0, texts: 0, completionTokens: 0 };

// The tokenizer's time grows with the square of the longest unbroken stretch; no real word is this long.
const UNBROKEN = /([^\s]{1000}|\s{1000})/;

/** All that the model wrote: its text, and the names and arguments of its tool calls. */
function textsOf(generation: JsonObject): readonly string[] {
  const calls = toolCallsOf(generation["message"]);
  return [generationText(generation), ...calls.flatMap((call) => [call.name, argumentsText(call)])];
}

function add(to: ModelTokens, more: Partial<ModelTokens>): ModelTokens {
  return {
    prompts: to.prompts + (more.prompts ?? 0),
    promptTokens: to.promptTokens + (more.promptTokens ?? 0),
    texts: to.texts + (more.texts ?? 0),
    completionTokens: to.completionTokens + (more.completionTokens ?? 0),
  };
}

/** Sums up reports of several lanes. All must have the same encoding. */
export function mergeTokenReports(reports: readonly TokenReport[]): TokenReport {
  const models = new Map<string, ModelTokens>();
  for (const report of reports) {
    for (const [model, tokens] of Object.entries(report.models)) {
      models.set(model, add(models.get(model) ?? NOTHING, tokens));
    }
  }
  return { encoding: reports[0]?.encoding ?? "o200k_base", models: Object.fromEntries(models) };
}

/**
 * Counts the tokens of prompts and answers, per model. An answer's tool calls count by their names and arguments, each call
 * once; what the model thought does not count. Counting takes much CPU time: place it off-thread. Memory holds the
 * models and the runs under way.
 */
export class TokenStatistics extends BaseCallbackHandler {
  readonly #encoding: TokenEncoding;
  readonly #count: CountTokens;
  readonly #models = new RunModels();
  readonly #tokens = new Map<string, ModelTokens>();

  constructor(encoding: TokenEncoding, count: CountTokens) {
    super();
    this.#encoding = encoding;
    this.#count = count;
  }

  /** The counts so far, as a copy. */
  report(): TokenReport {
    return { encoding: this.#encoding, models: Object.fromEntries(this.#tokens) };
  }

  override onLLMStart(record: EventRecord<"on_llm_start">): void {
    this.#start(record, record.prompts.map(contentText));
  }

  override onChatModelStart(record: EventRecord<"on_chat_model_start">): void {
    this.#start(record, record.messages.map(bufferString));
  }

  override onLLMEnd({ runId, response }: EventRecord<"on_llm_end">): void {
    this.#end(runId, response);
  }

  override onLLMError({ runId, response }: EventRecord<"on_llm_error">): void {
    this.#end(runId, response);
  }

  #start(record: EventRecord<"on_llm_start" | "on_chat_model_start">, prompts: readonly string[]): void {
    const model = this.#models.begin(record) ?? UNKNOWN_MODEL;
    this.#add(model, { prompts: prompts.length, promptTokens: this.#sum(prompts) });
  }

  #end(runId: string, response: LLMResult | undefined): void {
    const model = this.#models.end(runId) ?? UNKNOWN_MODEL;
    const generations = response === undefined ? [] : generationsOf(response);
    const completionTokens = this.#sum(generations.flatMap(textsOf));
    this.#add(model, { texts: generations.length, completionTokens });
  }

  #add(model: string, more: Partial<ModelTokens>): void {
    this.#tokens.set(model, add(this.#tokens.get(model) ?? NOTHING, more));
  }

  #sum(texts: readonly string[]): number {
    const pieces = texts.flatMap((text) => text.split(UNBROKEN));
    return pieces.reduce((sum, piece) => sum + this.#count(piece), 0);
  }
}

/** Loads the tokenizer and makes the handler. Rejects with SIDECALL_OPTION_INVALID. */
export async function createTokenStatistics(options: TokenStatisticsOptions = {}): Promise<TokenStatistics> {
  const { encoding } = resolve("options", STATISTICS_OPTIONS, options);
  const { countTokens } = await ENCODINGS[encoding]();
  // By default the tokenizer throws at text that looks like a special token.
  const asText = { disallowedSpecial: new Set<string>() };
  return new TokenStatistics(encoding, (text) => countTokens(text, asText));
}

/** @alias The export that a handler spec takes by default. */
export default createTokenStatistics;
