import {
  AsyncCallbackHandler,
  AsyncCallbackManager,
  BaseCallbackHandler,
  BaseTracer,
  type CallbackHandler,
  type ChatMessage,
  type EventName,
  type EventRecord,
  type HandlerContext,
  type HandlerModule,
  mergeUsageReports,
  offThread,
  registerConfigureHook,
  type TracedRun,
  type UsageReport,
  usageMetadataModule,
  withContext,
} from "sidecall";
import { exactly } from "./assert.ts";

/* Handlers as applications write them, and what their records give. */

class Audit implements CallbackHandler {
  readonly name = "audit";
  readonly raiseError = true;
  #tokens = 0;
  private readonly seen = new Set<string>();

  constructor(
    readonly options: { readonly limit: number } = { limit: 1 },
    private readonly context?: HandlerContext,
  ) {}

  onLLMStart({ prompts, runId, metadata, serialized, extra, name }: EventRecord<"on_llm_start">): void {
    exactly<readonly string[]>()(prompts);
    exactly<string>()(runId);
    exactly<Readonly<Record<string, unknown>>>()(metadata);
    exactly<string | undefined>()(name);
    exactly<unknown>()(extra?.["invocationParams"]);
    exactly<string | undefined>()(serialized?.name);
    this.helper(runId);
  }
  onChatModelStart({ messages }: EventRecord<"on_chat_model_start">): void {
    for (const message of messages.flat()) {
      exactly<ChatMessage>()(message);
      exactly<unknown>()(message.content);
      exactly<string | undefined>()(message.role);
      exactly<unknown>()(message["tool_calls"]);
    }
  }
  onLLMNewToken({ token, index, chunk }: EventRecord<"on_llm_new_token">): void {
    exactly<string>()(token);
    exactly<number>()(index.completion);
    exactly<unknown>()(chunk);
    this.#tokens += 1;
  }
  async onLLMEnd({ response }: EventRecord<"on_llm_end">): Promise<void> {
    for (const { text } of response.generations.flat()) exactly<string>()(text);
    exactly<unknown>()(response.llmOutput?.["usage"]);
  }
  onRetry({ retryState }: EventRecord<"on_retry">): void {
    exactly<number>()(retryState.attempt);
    exactly<unknown>()(retryState["waitMs"]);
  }
  report(limit = this.options.limit): number {
    return Math.min(limit, this.#tokens) + (this.context?.lane ?? 0);
  }
  private helper(runId: string): void {
    this.seen.add(runId);
  }
}

class Mine extends BaseCallbackHandler {
  override onLLMNewToken({ token }: EventRecord<"on_llm_new_token">): void {
    void token;
  }
  override onEvent(record: EventRecord): void {
    if (record.event === "on_tool_start") exactly<string>()(record.input);
  }
}
class Promised extends AsyncCallbackHandler {
  override async onChainEnd({ outputs }: EventRecord<"on_chain_end">): Promise<void> {
    exactly<unknown>()(outputs);
  }
}
class Rows extends BaseTracer {
  protected override persistRun(run: TracedRun): void {
    exactly<string>()(run.id);
  }
  protected override onRunStart(): void {}
}

const literal = { onText: ({ text }) => void text, ignoreLLM: true } satisfies CallbackHandler;
const byName: { [Event in EventName]?: (record: EventRecord<Event>) => void } = {};

export async function placed(verbose: boolean, store: { getStore(): Audit | undefined }): Promise<void> {
  const handlers: readonly CallbackHandler[] = [new Audit(), new Mine(), new Promised(), new Rows(), literal];
  const manager = new AsyncCallbackManager({ handlers, inheritableHandlers: verbose ? handlers : undefined });
  manager.setHandlers([{ onEvent: (record) => byName[record.event]?.(record as never) }]);
  AsyncCallbackManager.configure({ inheritable: handlers, local: manager });
  exactly<number>()(withContext({ handlers }, () => 1));
  registerConfigureHook({ variable: store });
  registerConfigureHook({ env: "AUDIT", handlerClass: Audit });
  // @ts-expect-error: no method of it is an event's
  manager.addHandler({ onLlmStart() {} });
}

export function attach<Handler extends CallbackHandler>(
  manager: AsyncCallbackManager,
  handler: Handler,
): Handler {
  manager.addHandler(handler);
  return handler;
}

export async function remote(url: URL): Promise<void> {
  const one = await offThread<Audit>({ module: url, options: { limit: 3 } }, { threads: 2 });
  exactly<number[]>()(await one.remote.report(5));
  const two = await offThread([
    { module: url as HandlerModule<Audit>, name: "audit" },
    { module: url as HandlerModule<Mine>, name: "mine" },
  ]);
  exactly<number[]>()(await two.remotes.audit.report());
  const made = await offThread({ module: usageMetadataModule, name: "usage" });
  exactly<UsageReport>()(mergeUsageReports(await made.remote.report()));
  const untyped = await offThread({ module: url });
  const [first] = [await untyped.remote["report"]?.()];
  first satisfies unknown[] | undefined;
  new AsyncCallbackManager({ handlers: [one, two, untyped] });
  await one.close({ timeoutMillis: undefined });
}
