import type { Serialized as LangChainSerialized } from "@langchain/core/load/serializable";
import type { AIMessage, BaseMessage, HumanMessage, StoredMessage } from "@langchain/core/messages";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForLLMRun,
  BaseCallbackManager,
  type ChatMessage,
  dispatchCustomEvent,
  type StartOptions,
  startChainGroup,
  traceAsChainGroup,
  withContext,
} from "sidecall";
import { exactly } from "./assert.ts";

/* Starts, with the types that applications have. */

interface Turn {
  role: "user" | "assistant";
  content: string;
}
interface Utterance {
  speaker: string;
  words: readonly string[];
}
enum Role {
  User = "user",
  Model = "model",
}
class Message {
  readonly #secret = 1;
  constructor(
    readonly role: Role,
    private readonly text: string,
  ) {}
  get content(): string {
    return this.text + this.#secret;
  }
}
/** As a schema library infers it. */
type Inferred = { [Key in keyof Turn]?: Turn[Key] | undefined } & { name?: string | undefined };

export async function messages(
  manager: AsyncCallbackManager,
  openai: ChatCompletionMessageParam[],
  items: ResponseInputItem[],
  langchain: BaseMessage[],
  narrow: (HumanMessage | AIMessage)[],
  stored: readonly StoredMessage[],
  turns: Turn[],
  utterances: readonly Utterance[],
  classes: Message[],
  inferred: Inferred[],
  own: ChatMessage[],
): Promise<void> {
  const model = { name: "m" };
  exactly<AsyncCallbackManagerForLLMRun[]>()(await manager.onChatModelStart(model, [openai]));
  await manager.onChatModelStart(model, [items]);
  await manager.onChatModelStart(model, [langchain, narrow]);
  await manager.onChatModelStart(model, [stored]);
  await manager.onChatModelStart(model, [turns, utterances]);
  await manager.onChatModelStart(model, [classes]);
  await manager.onChatModelStart(model, [inferred, own]);
  await manager.onChatModelStart(model, [[...openai, ...langchain, ...turns]]);
  await manager.onChatModelStart(model, [["hi", ["human", "hi"], { role: "user", content: null }]]);
  await manager.onChatModelStart(model, [[{ role: "user", content: "hi" } satisfies Turn]] as const);
  // @ts-expect-error: the messages of one conversation are no list of conversations
  await manager.onChatModelStart(model, turns);
  // @ts-expect-error: so are they where a library types them
  await manager.onChatModelStart(model, langchain);
  // @ts-expect-error: a text is no conversation
  await manager.onChatModelStart(model, ["hi"]);
}

export async function generic<M extends object>(manager: AsyncCallbackManager, list: readonly M[]) {
  return manager.onChatModelStart(null, [list]);
}

interface ModelCard {
  readonly id: string[];
  readonly vendor: string;
}

export async function descriptions(
  manager: AsyncCallbackManager,
  serialized: LangChainSerialized,
  card: ModelCard,
): Promise<void> {
  await manager.onLLMStart(serialized, ["q"] as const);
  await manager.onChainStart(serialized, {});
  await manager.onToolStart(serialized, "in");
  await manager.onRetrieverStart(card, "query");
  await manager.onChainStart({ name: "c", version: 2 }, {});
  await manager.onChainStart(null, {});
  // @ts-expect-error: a name alone is no description
  await manager.onChainStart("chain", {});
  // @ts-expect-error: one prompt is no list of prompts
  await manager.onLLMStart(null, "q");
}

interface Session {
  userId: string;
  sessionId?: string | undefined;
}
interface OwnOptions extends StartOptions {
  readonly retries: number;
}

export async function properties(
  session: Session,
  partial: Partial<Session>,
  record: Partial<Record<"a" | "b", number>>,
  options: OwnOptions,
): Promise<void> {
  const fixed = { tier: "gold", flags: ["a", "b"] } as const;
  const manager = new AsyncCallbackManager({
    metadata: session,
    inheritableMetadata: partial,
    tags: fixed.flags,
  });
  manager.addMetadata(session);
  manager.addMetadata(record, false);
  manager.addMetadata(fixed);
  new BaseCallbackManager({ metadata: fixed }).addMetadata(new Map());
  AsyncCallbackManager.configure({ inheritableMetadata: session, localMetadata: partial });
  const run = await manager.onChainStart(null, {}, { extra: session });
  await manager.onLLMStart(null, ["q"], { extra: fixed, runId: undefined, signal: undefined });
  const { retries: _, ...rest } = options;
  await manager.onChainStart(null, {}, rest);
  await withContext({ run, metadata: session, tags: fixed.flags }, () => dispatchCustomEvent("e", session));
  await startChainGroup("g", { metadata: session, inputs: session });
  exactly<number>()(await traceAsChainGroup("g", { metadata: partial }, async () => 1));
  exactly<Record<string, unknown>>()(manager.metadata);
  // @ts-expect-error: handlers alone are no options
  new AsyncCallbackManager([{ onText() {} }]);
  // @ts-expect-error: a run's id is no options
  await manager.onChainStart(null, {}, "id");
  // @ts-expect-error: a signal is no options
  await traceAsChainGroup("g", new AbortController().signal, async () => 1);
  // @ts-expect-error: a text is no metadata
  manager.addMetadata("user");
}
