// The same heavy handler inline and off-thread: one line changes, and the application's event loop is free.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { AsyncCallbackManager, offThread } from "sidecall";
import Heavy from "./handlers/heavy.js";

/** Streams 400 tokens to a handler, in bursts of 20; returns the worst delay of the event loop in milliseconds. */
async function stream(handler) {
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const [run] = await manager.onLLMStart({ name: "my-model" }, ["Tell me a story"]);
  for (let i = 0; i < 400; i += 1) {
    void run.onLLMNewToken(`token ${i} `);
    if (i % 20 === 19) await delay(5);
  }
  await run.onLLMEnd({ generations: [[{ text: "…" }]] });
  loop.disable();
  return loop.max / 1e6;
}

const inline = new Heavy();
console.log(`inline:     event loop delayed by up to ${(await stream(inline)).toFixed(1)} ms`);

const heavy = await offThread({ module: new URL("./handlers/heavy.js", import.meta.url) });
console.log(`off-thread: event loop delayed by up to ${(await stream(heavy)).toFixed(1)} ms`);
await heavy.flush();
console.log(`tokens handled: inline ${inline.report()}, off-thread ${await heavy.remote.report()}`);
await heavy.close();
