import type { AIMessageChunk } from "@langchain/core/messages";
import type { ChatGeneration, LLMResult as LangChainResult } from "@langchain/core/outputs";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  Generation,
  LLMResult,
} from "sidecall";

/* Events of runs, with the types that applications have. */

interface Report {
  model: string;
  usage: CompletionUsage | undefined;
}

export async function answers(
  run: AsyncCallbackManagerForLLMRun,
  langchain: LangChainResult,
  chat: readonly ChatGeneration[],
  openai: ChatCompletion,
  own: LLMResult,
  report: Report,
  error: unknown,
): Promise<void> {
  await run.onLLMEnd(langchain);
  await run.onLLMEnd({ generations: [chat] });
  await run.onLLMEnd(own);
  const generations = [openai.choices.map(({ message }) => ({ text: message.content ?? "", message }))];
  await run.onLLMEnd({ generations, llmOutput: { usage: openai.usage } });
  await run.onLLMEnd({ generations, llmOutput: report });
  await run.onLLMEnd({ generations, llmOutput: openai });
  await run.onLLMEnd({ generations: [[{ text: "x" }]] as const, llmOutput: undefined });
  await run.onLLMEnd({ generations: [[{ text: "x" } satisfies Generation]], llmOutput: null });
  await run.onLLMError(error, { response: langchain });
  await run.onLLMError(error, { response: undefined });
  // @ts-expect-error: a text is no response
  await run.onLLMEnd("text");
  // @ts-expect-error: a response has one list of generations for each prompt
  await run.onLLMEnd({ generations: [{ text: "x" }] });
}

export async function tokens(
  run: AsyncCallbackManagerForLLMRun,
  chunk: ChatCompletionChunk,
  message: AIMessageChunk,
  index: number | undefined,
): Promise<void> {
  const text = chunk.choices[0]?.delta.content;
  if (text) await run.onLLMNewToken(text, { chunk });
  await run.onLLMNewToken(message.text, { chunk: message });
  const place = index === undefined ? undefined : { prompt: 0, completion: index };
  await run.onLLMNewToken("x", { index: place });
  await run.onStreamEvent(chunk);
}

interface Attempt {
  attempt: number;
  waitMs: number;
}
interface Found {
  pageContent: string;
  score: number;
}

export async function others(
  chain: AsyncCallbackManagerForChainRun,
  tool: AsyncCallbackManagerForToolRun,
  retriever: AsyncCallbackManagerForRetrieverRun,
  attempt: Attempt,
  documents: readonly Found[],
  toolCallId: string | undefined,
): Promise<void> {
  await chain.onRetry(attempt);
  await chain.onRetry({ attempt: 2, error: new Error("busy") });
  await chain.onChainEnd(documents, { inputs: attempt });
  await tool.onToolError(new Error("bad"), { toolCallId });
  await retriever.onRetrieverEnd(documents);
  await retriever.getChild("tag").onChatModelStart(null, [documents]);
  // @ts-expect-error: handlers read the attempt
  await chain.onRetry({ waitMs: 5 });
}
