import { expect, test } from "vitest";
import { externalPeers } from "../../bench/guests/external-peers.ts";
import { openTelemetryPeer } from "../../bench/guests/open-telemetry.ts";
import { withPeers } from "../../bench/harness/checked-peer.ts";
import { chatLoad, type Load, tokenLoad } from "../../bench/harness/load.ts";
import type { Opener } from "../../bench/harness/question.ts";
import { rawRingPeer } from "../../bench/peers/raw-ring.ts";
import { costPeers } from "../../bench/peers/shipped.ts";
import { YieldingHandler } from "../../bench/peers/yielding.ts";
import { AsyncCallbackManager, type EventRecord } from "../../src/index.ts";

const TOKENS = ["Why", " did", " 鶏", "", "\ud83d", '"\n'];
const CHATS = [
  { instruction: "Tell me a joke", tokens: TOKENS, answer: "Why did 鶏" },
  { instruction: "", tokens: [], answer: "no" },
];
const RUNS = CHATS.map((chat) => ({ ...chat, tokens: [] }));

async function sendAll(openers: readonly Opener[], loads: readonly Load[]): Promise<string[]> {
  return withPeers(openers, async (peers) => {
    for (const peer of peers) {
      for (const load of loads) {
        const sender = await peer.open(load);
        for (let send = 0; send < 3; send += 1) await sender.send();
        await peer.verify();
      }
    }
    return peers.map(({ name }) => name);
  });
}

test("every peer delivers the tokens and runs that were sent", async () => {
  const openers = costPeers({ corpus: { source: "", chats: [] }, externalPeers }, "token-burst");
  const names = await sendAll(openers, [tokenLoad(TOKENS), chatLoad(CHATS)]);
  expect(names).toEqual(expect.arrayContaining(["postMessage", "main thread, yielding", "raw ring"]));
});

test("OpenTelemetry exports a span for each run", async () => {
  expect(await sendAll([openTelemetryPeer], [chatLoad(RUNS)])).toHaveLength(1);
});

test("a raw ring carries a frame longer than the ring", async () => {
  const answer = "x".repeat(10_000_000);
  expect(await sendAll([rawRingPeer], [chatLoad([{ instruction: "", tokens: [], answer }])])).toHaveLength(1);
});

test("a yielding handler handles events in order, after the call has returned", async () => {
  const seen: string[] = [];
  const slow = {
    async onLLMNewToken({ token }: EventRecord<"on_llm_new_token">) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      seen.push(token);
    },
  };
  const yielding = new YieldingHandler([slow]);
  const [run] = await new AsyncCallbackManager({ handlers: [yielding] }).onLLMStart({ name: "m" }, [""]);
  for (const token of ["a", "b", "c"]) await run?.onLLMNewToken(token);
  expect(seen).toEqual([]);
  await yielding.flush();
  expect(seen).toEqual(["a", "b", "c"]);
  await yielding.flush();
});
