// Two requests at the same time, each a tree of runs; nothing but a question is passed from function to function.
import { setTimeout as delay } from "node:timers/promises";
import {
  AsyncCallbackManager,
  dispatchCustomEvent,
  InMemoryTracer,
  traceAsChainGroup,
  withContext,
  withUsageMetadata,
} from "sidecall";

async function askModel(question) {
  // Finds the run around this call, whichever request it belongs to.
  const manager = AsyncCallbackManager.configure();
  const [run] = await manager.onChatModelStart({ name: "parrot" }, [[{ role: "user", content: question }]]);
  const words = question.split(" ");
  for (const word of words) await run.onLLMNewToken(word);
  const usage = { prompt_tokens: 5, completion_tokens: words.length };
  await run.onLLMEnd({ generations: [[{ text: question }]], llmOutput: { model: "parrot-1", usage } });
  return question;
}

async function lookUp(question) {
  const run = await AsyncCallbackManager.configure().onToolStart({ name: "look-up" }, question);
  try {
    const words = await withContext({ run }, async () => {
      await delay(5);
      await dispatchCustomEvent("progress", { percent: 50 });
      return askModel(question);
    });
    await run.onToolEnd(words);
    return words;
  } catch (error) {
    await run.onToolError(error);
    throw error;
  }
}

const tracer = new InMemoryTracer();
function answer(question) {
  return traceAsChainGroup("request", { callbacks: [tracer], inputs: { question } }, async (group) => {
    const found = await lookUp(question);
    await group.onChainEnd({ found });
  });
}

const usage = await withUsageMetadata(async (counter) => {
  await Promise.all([answer("Will it rain?"), answer("How far is the moon?")]);
  return counter.usageMetadata;
});

function print(run, indent = "") {
  console.log(`${indent}${run.runType} ${run.name}, ${run.tokens.count} tokens, ${run.events.length} events`);
  for (const child of run.children) print(child, `${indent}  `);
}
for (const run of tracer.takeRuns()) {
  console.log(`"${run.inputs.question}"`);
  print(run);
}
console.log("usage:", usage);
