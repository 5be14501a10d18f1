import { isObject, type JsonObject } from "../common/json-object.ts";

/** A chat-completion request as far as the mock server reads it. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly RequestMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: unknown;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly choices: number;
  readonly maxTokens: number;
  /** Decides the answer, together with the seed: the body without `stream` and `stream_options`, as JSON. */
  readonly key: string;
}

export interface RequestMessage {
  readonly role: string;
  readonly [key: string]: unknown;
}

export interface ToolDefinition {
  readonly name: string;
  readonly parameters: unknown;
}

/** A request that the server refuses, with the field at fault. Becomes OpenAI's `invalid_request_error`. */
export class BadRequest extends Error {
  readonly param: string | null;
  constructor(message: string, param: string | null = null) {
    super(message);
    this.param = param;
  }
}

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"];
const MAX_CHOICES = 128;

function messagesOf(value: unknown): readonly RequestMessage[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new BadRequest("Expected 'messages' to be an array with at least one message.", "messages");
  }
  return value.map((message: unknown, i) => {
    if (!isObject(message)) throw new BadRequest(`Expected an object.`, `messages[${i}]`);
    const role = message["role"];
    if (typeof role !== "string" || !ROLES.includes(role)) {
      throw new BadRequest(
        `Expected one of ${ROLES.join(", ")}; got ${String(role)}.`,
        `messages[${i}].role`,
      );
    }
    return { ...message, role };
  });
}

function toolsOf(value: unknown): readonly ToolDefinition[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new BadRequest("Expected 'tools' to be an array.", "tools");
  return value.map((tool: unknown, i) => {
    const definition = isObject(tool) ? tool["function"] : undefined;
    if (!isObject(definition) || typeof definition["name"] !== "string") {
      throw new BadRequest("Expected a function tool with a name.", `tools[${i}].function.name`);
    }
    return { name: definition["name"], parameters: definition["parameters"] };
  });
}

function positiveInteger(body: JsonObject, param: string, otherwise: number, max: number): number {
  const value = body[param] ?? otherwise;
  if (
    typeof value === "number" &&
    (value === otherwise || (Number.isInteger(value) && value > 0 && value <= max))
  )
    return value;
  throw new BadRequest(`Expected '${param}' to be an integer from 1 to ${max}.`, param);
}

/** Reads a request body. Throws {@link BadRequest}. */
export function readRequest(text: string): ChatRequest {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`The body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(body)) throw new BadRequest("Expected the body to be a JSON object.");
  const { model, stream = false, stream_options: streamOptions, ...rest } = body;
  if (typeof model !== "string" || model === "") throw new BadRequest("You must provide a model.", "model");
  if (typeof stream !== "boolean" && stream !== null) {
    throw new BadRequest("Expected 'stream' to be a boolean.", "stream");
  }
  const limit = positiveInteger(body, "max_tokens", Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
  return {
    model,
    messages: messagesOf(body["messages"]),
    tools: toolsOf(body["tools"]),
    toolChoice: body["tool_choice"],
    stream: stream === true,
    includeUsage: isObject(streamOptions) && streamOptions["include_usage"] === true,
    choices: positiveInteger(body, "n", 1, MAX_CHOICES),
    maxTokens: positiveInteger(body, "max_completion_tokens", limit, Number.MAX_SAFE_INTEGER),
    key: JSON.stringify({ model, ...rest }),
  };
}
