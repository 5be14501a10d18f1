import {
  check,
  type OptionsOf,
  type OptionTable,
  optional,
  resolve,
  text,
  unchecked,
} from "../common/options.ts";
import { checkOneOf, checkText, invalidOption } from "../common/validate.ts";
import { ERROR_EVENTS, type EventName } from "../core/events.ts";
import type { ChatMessageInput, SerializedInput } from "../core/payloads.ts";
import { AsyncCallbackManager } from "./async-manager.ts";
import { responseOf } from "./body-results.ts";
import { checkBody } from "./context.ts";
import { BODY_OPTIONS, configureOptions, type RunCall, runBody, unlessUnawaited } from "./run-body.ts";
import type {
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
} from "./run-managers.ts";
import { START_OPTIONS, type StartOptions, TOOL_OPTIONS } from "./start-options.ts";

const NAMED = {
  /** @default `{ name }`, or null without a name */
  serialized: optional<SerializedInput | null>(unchecked),
  /** Name that tracers show. @default `serialized.name`, else the last part of `serialized.id` */
  name: text(),
};
const LLM_START = {
  ...NAMED,
  prompt: text(),
  /** In place of `prompt`: a list of one. */
  prompts: optional<readonly string[]>(unchecked),
};
const CHAT_MODEL_START = {
  ...NAMED,
  /** One conversation, or a list of one. */
  messages: optional<readonly ChatMessageInput[] | readonly (readonly ChatMessageInput[])[]>(unchecked),
};
const TOOL_START = { ...NAMED, input: text(), ...TOOL_OPTIONS };
const RETRIEVER_START = { ...NAMED, query: text() };

/** By kind: what the run starts with. */
export interface RunStarts {
  llm: OptionsOf<typeof LLM_START>;
  chatModel: OptionsOf<typeof CHAT_MODEL_START>;
  tool: OptionsOf<typeof TOOL_START>;
  retriever: OptionsOf<typeof RETRIEVER_START>;
}

interface BodyRuns {
  llm: AsyncCallbackManagerForLLMRun;
  chatModel: AsyncCallbackManagerForLLMRun;
  tool: AsyncCallbackManagerForToolRun;
  retriever: AsyncCallbackManagerForRetrieverRun;
}

export type BodyRunKind = keyof RunStarts;

const RUN_OPTIONS = {
  ...BODY_OPTIONS,
  /** Name that tracers show. @default that of `start` */
  name: text(),
  /** Further data about the run for handlers, such as `{ invocationParams }`. @default none */
  extra: START_OPTIONS.extra,
};
export type RunOptions = OptionsOf<typeof RUN_OPTIONS>;

interface Kind<K extends BodyRunKind> {
  readonly failure: EventName;
  readonly start: OptionTable;
  begin(
    manager: AsyncCallbackManager,
    serialized: SerializedInput | null,
    start: RunStarts[K],
    options: StartOptions,
  ): Promise<BodyRuns[K]>;
  end(run: BodyRuns[K], value: unknown): Promise<void>;
}

/** The one item of a list. Throws SIDECALL_OPTION_INVALID. */
function only<T>(name: string, list: readonly T[]): T {
  const [first] = list;
  if (list.length === 1 && first !== undefined) return first;
  throw invalidOption(name, "a list of one: each run has its own body", list);
}

function promptOf({ prompt, prompts }: RunStarts["llm"]): string {
  if (prompt !== undefined && prompts !== undefined)
    throw invalidOption("prompts", "left out where `prompt` is given", prompts);
  if (prompts === undefined) return checkText("prompt", prompt);
  if (!Array.isArray(prompts)) throw invalidOption("prompts", "a list of one prompt", prompts);
  return checkText("prompts", only("prompts", prompts));
}

/** Whether an item of a list of messages is itself a conversation: a list, but not a pair of role and content. */
function isConversation(item: unknown): item is readonly ChatMessageInput[] {
  return Array.isArray(item) && !(item.length === 2 && typeof item[0] === "string");
}

function conversationOf({ messages }: RunStarts["chatModel"]): readonly ChatMessageInput[] {
  if (!Array.isArray(messages)) throw invalidOption("messages", "a list of messages", messages);
  return messages.some(isConversation) ? only<readonly ChatMessageInput[]>("messages", messages) : messages;
}

const llm = {
  failure: ERROR_EVENTS.llm,
  end: (run: AsyncCallbackManagerForLLMRun, value: unknown) => run.onLLMEnd(responseOf(value)),
};

const KINDS: { readonly [K in BodyRunKind]: Kind<K> } = {
  llm: {
    ...llm,
    start: LLM_START,
    async begin(manager, serialized, start, options) {
      const [run] = await manager.onLLMStart(serialized, [promptOf(start)], options);
      return run as AsyncCallbackManagerForLLMRun;
    },
  },
  chatModel: {
    ...llm,
    start: CHAT_MODEL_START,
    async begin(manager, serialized, start, options) {
      const [run] = await manager.onChatModelStart(serialized, [conversationOf(start)], options);
      return run as AsyncCallbackManagerForLLMRun;
    },
  },
  tool: {
    failure: ERROR_EVENTS.tool,
    start: TOOL_START,
    begin(manager, serialized, { input, inputs, toolCallId }, options) {
      return manager.onToolStart(serialized, checkText("input", input), { ...options, inputs, toolCallId });
    },
    end: (run, output) => run.onToolEnd(output),
  },
  retriever: {
    failure: ERROR_EVENTS.retriever,
    start: RETRIEVER_START,
    begin: (manager, serialized, { query }, options) =>
      manager.onRetrieverStart(serialized, checkText("query", query), options),
    end: (run, documents) => run.onRetrieverEnd((documents ?? []) as readonly unknown[]),
  },
};

const KIND_NAMES = Object.keys(KINDS) as readonly BodyRunKind[];

async function traced<K extends BodyRunKind, T>(
  kind: K,
  start: RunStarts[K],
  options: RunOptions,
  body: (run: BodyRuns[K]) => T | PromiseLike<T>,
  call: RunCall,
): Promise<T> {
  checkBody(body);
  const { begin, end, start: table } = KINDS[checkOneOf("kind", kind, KIND_NAMES) as K];
  check("start", table, start);
  const { name = start.name, extra, ...rest } = resolve("options", RUN_OPTIONS, options ?? {});
  const { serialized = name === undefined ? null : { name } } = start;
  const manager = AsyncCallbackManager.configure(configureOptions(rest));
  call.configured(manager);
  const given = { name, runId: rest.runId, extra };
  const run = await begin(manager, serialized, start, given);
  call.begun(run);
  return runBody(
    run,
    () => body(run),
    (value) => end(run, value),
  );
}

/**
 * Runs `body` as a run of a model, tool or retriever; resolves to the result of `body`, which gets the run's manager. Managers
 * that `body` configures hang under the run. The run gets exactly one end or error: an end with the result unless `body` has
 * ended it itself, or an error when `body` throws or the signal is aborted, even while `body` goes on. Before the error, each
 * run below that is still open gets the same error, the deepest first. Rejects with that error.
 *
 * ```ts
 * const start = { name: "my-model", messages: [{ role: "user", content: "Tell me a joke" }] };
 * const answer = await withRun("chatModel", start, { callbacks }, async (run) => {
 *   let text = "";
 *   for await (const token of ask(start.messages, run.signal)) {
 *     await run.onLLMNewToken(token);
 *     text += token;
 *   }
 *   return text;
 * });
 * ```
 *
 * The result of a model's body is its response: an `LLMResult`; or text, content blocks or a message as the one generation; or
 * an answer of OpenAI's API, each choice a generation. Of a tool it is the output, of a retriever the documents. A generator is
 * treated as by {@link traceAsChainGroup}. Rejects with SIDECALL_OPTION_INVALID.
 */
export function withRun<K extends BodyRunKind, T>(
  kind: K,
  start: RunStarts[K],
  options: RunOptions,
  body: (run: BodyRuns[K]) => T | PromiseLike<T>,
): Promise<T> {
  const event = Object.hasOwn(KINDS, kind) ? KINDS[kind].failure : "on_chain_error";
  return unlessUnawaited("withRun", event, (call) => traced(kind, start, options, body, call));
}
