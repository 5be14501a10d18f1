// Runs a batch from code: the prompts of this folder, a mock server, and a handler that counts finish reasons.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBatch } from "sidecall/batch";
import { startMockServer } from "sidecall/testing";

const finishReasons = {};
const countReasons = {
  name: "finish-reasons",
  onLLMEnd({ response }) {
    const reason = response.llmOutput.finishReason;
    finishReasons[reason] = (finishReasons[reason] ?? 0) + 1;
  },
};

const server = await startMockServer({ seed: 7 });
const output = join(await mkdtemp(join(tmpdir(), "sidecall-example-")), "answers.jsonl");
const summary = await runBatch({
  input: fileURLToPath(new URL("./prompts.jsonl", import.meta.url)),
  output,
  baseUrl: server.url,
  concurrency: 16,
  handlers: [countReasons],
});
await server.close();

console.log(
  `${summary.runs} runs, ${summary.failed} failed, ${summary.streamedTokens} tokens; answers in ${output}`,
);
console.log("finish reasons:", finishReasons);
