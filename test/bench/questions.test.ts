import { expect, test } from "vitest";
import { generated } from "../../bench/harness/corpus.ts";
import { QUICK } from "../../bench/harness/effort.ts";
import { lifecycleCost } from "../../bench/lifecycle-cost.ts";
import { roundTrip } from "../../bench/round-trip.ts";
import { throughput } from "../../bench/throughput.ts";
import { tokenCost } from "../../bench/token-cost.ts";

const { source, chats } = generated();
const corpus = { source, chats: chats.slice(0, 30) };
const ROUNDS = 2;

// An answer at all means that every handler has counted what was sent: see load.test.ts.
test.each([
  { question: tokenCost, peers: 10, metrics: ["call", "burst, busy", "paced, busy"] },
  { question: lifecycleCost, peers: 10, metrics: ["call", "burst, busy", "paced, busy"] },
  { question: roundTrip, peers: 3, metrics: ["round trip", "burst, busy", "paced, busy"] },
  { question: throughput, peers: 4, metrics: ["dispatched", "delivered"] },
])("$question.name has a figure for every peer, metric and round", async ({ question, peers, metrics }) => {
  const series = await question.answer(corpus, { ...QUICK, rounds: ROUNDS });
  const names = new Set(series.map(({ peer }) => peer));
  expect(names.size).toBe(peers);
  expect(names).toContain(question.base);
  for (const name of names) {
    const measured = series.filter(({ peer }) => peer === name);
    expect(measured.map(({ metric }) => metric)).toEqual(expect.arrayContaining(metrics));
    for (const { rounds } of measured) {
      expect(rounds).toHaveLength(ROUNDS);
      for (const figure of rounds) expect(Number.isFinite(figure)).toBe(true);
    }
  }
});
