import type { AsyncCallbackManager } from "../../src/index.ts";

/** Sends every event of the table at least once, as an agent's run would. */
export async function sendEveryEvent(manager: AsyncCallbackManager): Promise<void> {
  const chain = await manager.onChainStart({ name: "agent" }, { question: "why?" }, { name: "named" });
  await chain.onText("thinking");
  const child = chain.getChild("step");
  const [llm] = await child.onLLMStart({ id: ["llms", "Fake"] }, ["why?"], { extra: { batchSize: 1 } });
  await llm?.onLLMNewToken("be");
  await llm?.onLLMNewToken("cause", { index: { prompt: 0, completion: 1 }, chunk: { delta: "cause" } });
  await llm?.onRetry({ attempt: 1, slept: 0.5 });
  await llm?.onLLMEnd({ generations: [[{ text: "because" }]], llmOutput: { tokens: 2 } });
  const messages = [{ role: "user", content: "why?" }];
  const [chat] = await child.onChatModelStart({ name: "chat" }, [messages]);
  await chat?.onStreamEvent({ type: "message-start" });
  await chat?.onLLMError(new TypeError("broke"), { response: { generations: [] } });
  await chain.onAgentAction({ tool: "search", toolInput: "why", log: "" });
  const tool = await child.onToolStart({ name: "search" }, "why", { inputs: { q: "why" }, toolCallId: "c1" });
  await tool.onToolEvent({ progress: 0.5 });
  const retriever = await tool.getChild().onRetrieverStart(null, "why");
  await retriever.onRetrieverEnd([{ pageContent: "so" }]);
  const other = await tool.getChild().onRetrieverStart(null, "why not");
  await other.onRetrieverError(new Error("no index"));
  await tool.onToolEnd("so");
  const bad = await child.onToolStart({ name: "search" }, "how");
  await bad.onToolError(new Error("no tool"), { toolCallId: "c2" });
  await chain.onCustomEvent("note", { n: 1 });
  await chain.onChainStream({ answer: "s" });
  await chain.onAgentFinish({ returnValues: { answer: "so" }, log: "" });
  await chain.onChainEnd({ answer: "so" }, { inputs: { question: "why?" } });
  const failing = await manager.onChainStart(null, undefined);
  await failing.onChainError(new RangeError("out of bounds"));
}
