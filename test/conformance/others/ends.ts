import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const ENDS: readonly Other[] = [
  { id: "e1", text: "a start that a handler with raiseError refuses: every run of the call gets its error event, at every handler, before the call rejects", source: "langchain-ai/langchainjs#5373, vercel/ai#20586" },
  { id: "e2", text: "a group that is aborted in mid-stream: every open run below it gets an error that says so, the deepest first, then the group; ends that are sent later reach no handler", source: "mastra-ai/mastra#15302, vercel/ai#15651, langchain-ai/langchain#16004" },
  { id: "e3", text: "a body that throws beside work that goes on: every open run below it gets the error, in groups within groups too", source: "mastra-ai/mastra#15302" },
  { id: "e4", text: "an event stream that is left early: its open runs get their errors at every handler", source: "vercel/ai#15651" },
  { id: "e5", text: "an async generator as body: runs that begin while it is read are of its group, which ends with it", source: "langchain-ai/langsmith-sdk#607, langchain-ai/langsmith-sdk#652, langfuse/langfuse#7749" },
  { id: "e6", text: "a run of each kind with a body: one end with the result of the body, and the runs within it below", source: "langchain-ai/langchainjs#5439" },
];
