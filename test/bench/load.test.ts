import { expect, test } from "vitest";
import { Counter } from "../../bench/handlers/counts.ts";
import { measureCost } from "../../bench/harness/cost.ts";
import { QUICK } from "../../bench/harness/effort.ts";
import { chatLoad, Sender, tokenLoad } from "../../bench/harness/load.ts";
import { nothing, type Peer } from "../../bench/peers/peer.ts";

/** A peer that counts at once, and with `forgets` leaves that many tokens out. */
function countingPeer({ forgets }: { forgets: number }): Peer {
  const counter = new Counter();
  let left = forgets;
  const count = (token: string) => {
    if (left > 0) left -= 1;
    else counter.token(token);
  };
  return {
    name: "test",
    async tokenSender(tokens) {
      counter.start("");
      return async () => tokens.forEach(count);
    },
    async chatSender(chats) {
      return async () => {
        for (const { instruction, tokens, answer } of chats) {
          counter.start(instruction);
          tokens.forEach(count);
          counter.end(answer);
        }
      };
    },
    delivered: nothing,
    counts: async () => [counter.counts()],
    close: nothing,
  };
}

const TOKENS = ["Why", " did", " 鶏"];
const CHATS = [
  { instruction: "Tell me a joke", tokens: TOKENS, answer: "Why did 鶏" },
  { instruction: "", tokens: [], answer: "no" },
];

test("what is counted is what was sent, however often", async () => {
  for (const load of [tokenLoad(TOKENS), chatLoad(CHATS)]) {
    const sender = await Sender.open(countingPeer({ forgets: 0 }), load);
    await sender.verify();
    for (let i = 0; i < 3; i += 1) await sender.send();
    await sender.verify();
  }
});

test("the events of whole runs are their starts, tokens and ends", () => {
  expect(chatLoad(CHATS)).toMatchObject({
    events: 7,
    counts: { tokens: 3, starts: 2, ends: 2, characters: 14 + 9 + 9 + 2 },
  });
});

test("a benchmark whose handlers miss an event throws", async () => {
  const peer = countingPeer({ forgets: 1 });
  await expect(measureCost([peer], tokenLoad(TOKENS), QUICK, "call")).rejects.toThrow(
    /Expected handler 0 of "test" to have counted .*"tokens":\d+.*, got .*"tokens":\d+/,
  );
});

test("a benchmark throws when its calls do", async () => {
  const peer = {
    ...countingPeer({ forgets: 0 }),
    tokenSender: async () => () => Promise.reject(new Error("no")),
  };
  await expect(measureCost([peer], tokenLoad(TOKENS), QUICK, "call")).rejects.toThrow("no");
});

test("a benchmark throws when its events might have waited for room", async () => {
  const full = () => {
    throw new Error("full");
  };
  const peer = { ...countingPeer({ forgets: 0 }), checkRoom: full };
  await expect(measureCost([peer], tokenLoad(TOKENS), QUICK, "call")).rejects.toThrow("full");
});
