import { expect, test } from "vitest";
import { externalPeers } from "../../bench/guests/external-peers.ts";
import { micro } from "../../bench/guests/micro.ts";
import { generated } from "../../bench/harness/corpus.ts";
import { QUICK } from "../../bench/harness/profile.ts";
import { median } from "../../bench/harness/series.ts";
import { QUESTIONS } from "../../bench/questions/all.ts";

const { source, chats } = generated();
const corpus = { source, chats: chats.slice(0, 30) };
const ROUNDS = 1;
const PROFILE = { ...QUICK, rounds: ROUNDS };

// A question rejects unless every handler has counted what was sent, see load.test.ts.
test.each([...QUESTIONS, micro])(
  "$name has a value for every peer, metric, position on its axis and round",
  { timeout: 120_000 },
  async (question) => {
    const series = await question.answer({ corpus, externalPeers }, PROFILE);
    const peers = new Set(series.map(({ peer }) => peer));
    expect(peers.size).toBeGreaterThan(1);
    if (question.base !== undefined) expect(peers).toContain(question.base);
    const keys = series.map(({ peer, metric, x }) => JSON.stringify([peer, metric, x]));
    expect(new Set(keys).size).toBe(keys.length);
    for (const { unit, x, rounds } of series) {
      expect(unit).not.toBe("");
      expect(x !== undefined && x > 0).toBe(question.axis !== undefined);
      expect(rounds).toHaveLength(ROUNDS);
      expect(Number.isFinite(median(rounds))).toBe(true);
    }
  },
);
