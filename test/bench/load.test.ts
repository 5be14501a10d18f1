import { expect, test } from "vitest";
import { CheckedPeer, type Sender, withPeers } from "../../bench/harness/checked-peer.ts";
import { burstCost, pacedCost } from "../../bench/harness/cost.ts";
import { Counter } from "../../bench/harness/counts.ts";
import { chatLoad, tokenLoad } from "../../bench/harness/load.ts";
import { nothing, type Peer } from "../../bench/harness/peer.ts";

/** A peer that counts at once. `forgets`: tokens that it leaves out. */
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

test("counts equal what was sent, over several sends and loads", async () => {
  const peer = new CheckedPeer(countingPeer({ forgets: 0 }));
  for (const load of [tokenLoad(TOKENS), chatLoad(CHATS)]) {
    const sender = await peer.open(load);
    await peer.verify();
    for (let i = 0; i < 3; i += 1) await sender.send();
    await peer.verify();
  }
});

test("the events of whole runs are their starts, tokens and ends", () => {
  expect(chatLoad(CHATS)).toMatchObject({
    events: 7,
    counts: { tokens: 3, starts: 2, ends: 2, characters: 14 + 9 + 9 + 2 },
  });
});

const WAYS = {
  burst: (sender: Sender) => burstCost(sender, 2, 0),
  pace: (sender: Sender) => pacedCost(sender, 1),
};

test.each(Object.entries(WAYS))(
  "the cost of a %s has the time inside the call and the busy time of the thread",
  async (_, cost) => {
    const sender = await new CheckedPeer(countingPeer({ forgets: 0 })).open(tokenLoad(TOKENS));
    const readings = await cost(sender);
    expect(readings.map(({ metric }) => metric)).toEqual(expect.arrayContaining(["call", "busy"]));
    for (const { unit, value } of readings) {
      expect(unit).toBe("µs/event");
      expect(value).toBeGreaterThanOrEqual(0);
    }
  },
);

test.each(Object.entries(WAYS))("a %s rejects when handlers miss an event", async (_, cost) => {
  const sender = await new CheckedPeer(countingPeer({ forgets: 1 })).open(tokenLoad(TOKENS));
  await expect(cost(sender)).rejects.toThrow(
    /Expected handler 0 of "test" to have counted .*"tokens":\d+.*, got .*"tokens":\d+/,
  );
});

test.each(Object.entries(WAYS))("a %s rejects when its calls reject", async (_, cost) => {
  const peer = {
    ...countingPeer({ forgets: 0 }),
    tokenSender: async () => () => Promise.reject(new Error("no")),
  };
  await expect(cost(await new CheckedPeer(peer).open(tokenLoad(TOKENS)))).rejects.toThrow("no");
});

test.each(Object.entries(WAYS))("a %s throws when its events may have waited for room", async (_, cost) => {
  const full = () => {
    throw new Error("full");
  };
  const peer = { ...countingPeer({ forgets: 0 }), checkRoom: full };
  const sender = await new CheckedPeer(peer).open(tokenLoad(TOKENS));
  await expect(async () => cost(sender)).rejects.toThrow("full");
});

test("peers are closed when one cannot be opened, and when the work fails", async () => {
  const closed: string[] = [];
  const opener = (name: string) => () => ({
    ...countingPeer({ forgets: 0 }),
    name,
    close: async () => {
      closed.push(name);
    },
  });
  const broken = () => Promise.reject(new Error("no peer"));
  await expect(withPeers([opener("a"), broken], async () => undefined)).rejects.toThrow("no peer");
  await expect(withPeers([opener("b")], () => Promise.reject(new Error("no work")))).rejects.toThrow(
    "no work",
  );
  expect(closed).toEqual(["a", "b"]);
});
