// What a function's runs do, as one stream of events; the reader leaves when it has read enough.
import { AsyncCallbackManager, streamEvents, traceAsChainGroup } from "sidecall";

async function tellStory(signal) {
  const manager = AsyncCallbackManager.configure();
  const [run] = await manager.onChatModelStart({ name: "narrator" }, [
    [{ role: "user", content: "Tell me a story." }],
  ]);
  try {
    for (let line = 1; ; line += 1) {
      signal.throwIfAborted();
      await run.onLLMNewToken(`line ${line}`);
    }
  } catch (error) {
    // Told although the signal is aborted: no run is left open.
    await run.onLLMError(error);
    throw error;
  }
}

const stream = streamEvents(
  ({ callbacks, signal }) => traceAsChainGroup("story", { callbacks }, () => tellStory(signal)),
  { includeTypes: ["chain", "chat_model"], maxBufferedEvents: 10 },
);

let lines = 0;
for await (const { event, name, data, parent_ids } of stream) {
  const indent = "  ".repeat(parent_ids.length);
  console.log(`${indent}${event} ${name}`, data.chunk?.content ?? "");
  if (event === "on_chat_model_stream") lines += 1;
  if (lines === 3) break;
}
await stream.result.catch((error) => console.log("ended:", error.code));
