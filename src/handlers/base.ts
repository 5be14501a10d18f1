import type { AnyEventRecord } from "../core/events.ts";
import type { CallbackHandler, HandlerMethods } from "../core/handler.ts";

/**
 * Base class of handlers. Every method of the six mixins is optional, every flag is false, and `name` is the class name.
 *
 * ```ts
 * class Printer extends BaseCallbackHandler {
 *   override onLLMNewToken({ token }: EventRecord<"on_llm_new_token">) { process.stdout.write(token); }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: every merged method is optional, none is missing
// biome-ignore lint/correctness/noUnusedVariables: merged declarations name the same type parameters
export class BaseCallbackHandler<Settled = unknown> implements CallbackHandler {
  readonly name: string;
  readonly raiseError: boolean = false;
  readonly runInline: boolean = false;
  readonly ignoreLLM: boolean = false;
  readonly ignoreChatModel: boolean = false;
  readonly ignoreChain: boolean = false;
  readonly ignoreAgent: boolean = false;
  readonly ignoreRetriever: boolean = false;
  readonly ignoreRetry: boolean = false;
  readonly ignoreCustomEvent: boolean = false;

  constructor() {
    this.name = new.target.name;
  }
}

export interface BaseCallbackHandler<Settled = unknown> extends HandlerMethods<Settled> {
  onEvent?(record: AnyEventRecord): Settled;
  flush?(): unknown;
  close?(): unknown;
}

/** Base class of handlers whose methods all return promises; implements none of them. */
export class AsyncCallbackHandler extends BaseCallbackHandler<Promise<unknown>> {}
