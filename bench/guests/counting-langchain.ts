import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { BaseMessage } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import { Counter, type Counts } from "../harness/counts.ts";

/** The counting handler for LangChain.js. */
export class LangChainCountingHandler extends BaseCallbackHandler {
  readonly name: string;
  readonly #counter = new Counter();

  /** `awaited`: the caller awaits the handler; else LangChain's queue runs it "in the background". */
  constructor(name: string, awaited: boolean) {
    super({ _awaitHandler: awaited });
    this.name = name;
  }

  override handleLLMNewToken(token: string): void {
    this.#counter.token(token);
  }

  override handleChatModelStart(_llm: unknown, messages: BaseMessage[][]): void {
    this.#counter.start(messages[0]?.[0]?.content);
  }

  override handleLLMEnd(output: LLMResult): void {
    this.#counter.end(output.generations[0]?.[0]?.text);
  }

  counts(): Counts {
    return this.#counter.counts();
  }
}
