import { errorText } from "../common/errors.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import type { ChatMessage } from "../core/payloads.ts";
import type { Line } from "./lines.ts";

const CHAT_COMPLETIONS = "/v1/chat/completions";

/** A request from one line of a batch file, in OpenAI's format; its parameters are not checked. */
export interface BatchRequest {
  readonly line: number;
  readonly customId: string;
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** The body without `model`, `messages`, `stream` and `stream_options`. */
  readonly parameters: JsonObject;
  readonly streamOptions: JsonObject;
}

/** A line that is no request, with the reason. */
export interface MalformedLine {
  readonly line: number;
  readonly customId: string | null;
  readonly problem: string;
}

/** Formats a value for an error message, in at most 61 characters. */
function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function bodyProblem(body: unknown, model: string | undefined): string | undefined {
  if (!isObject(body)) return `expected body to be an object, got ${show(body)}`;
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) {
    return `expected body.messages to be an array of at least one message, got ${show(messages)}`;
  }
  if (model !== undefined || (typeof body["model"] === "string" && body["model"] !== "")) return undefined;
  return `expected body.model to be the name of a model, got ${show(body["model"])}; or set one for all lines`;
}

function problemOf(value: JsonObject, model: string | undefined): string | undefined {
  const { custom_id: customId, method, url, body } = value;
  if (typeof customId !== "string" || customId === "") {
    return `expected custom_id to be a text that is not empty, got ${show(customId)}`;
  }
  if (method !== "POST") return `expected method to be "POST", got ${show(method)}`;
  if (url !== CHAT_COMPLETIONS) return `expected url to be "${CHAT_COMPLETIONS}", got ${show(url)}`;
  return bodyProblem(body, model);
}

function requestOf(line: number, value: JsonObject, model: string | undefined): BatchRequest {
  const {
    model: ownModel,
    messages,
    stream: _,
    stream_options: streamOptions,
    ...parameters
  } = isObject(value["body"]) ? value["body"] : {};
  return {
    line,
    customId: String(value["custom_id"]),
    model: model ?? String(ownModel),
    messages: Array.isArray(messages) ? messages.filter(isObject) : [],
    parameters,
    streamOptions: isObject(streamOptions) ? streamOptions : {},
  };
}

/** Parses a line of a batch file. `model` replaces the body's own. Never throws. */
export function readBatchLine(line: Line, model: string | undefined): BatchRequest | MalformedLine {
  const { number } = line;
  if ("problem" in line) return { line: number, customId: null, problem: line.problem };
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    return { line: number, customId: null, problem: `expected JSON: ${errorText(error)}` };
  }
  if (!isObject(value)) {
    return { line: number, customId: null, problem: `expected an object, got ${show(value)}` };
  }
  const problem = problemOf(value, model);
  if (problem === undefined) return requestOf(number, value, model);
  const customId = typeof value["custom_id"] === "string" ? value["custom_id"] : null;
  return { line: number, customId, problem };
}
