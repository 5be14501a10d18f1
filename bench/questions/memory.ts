import type { MemoryTask, MemoryUse } from "../children/memory.ts";
import { runChild } from "../harness/child.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inTurn } from "../harness/rounds.ts";
import type { Series } from "../harness/series.ts";

const TOKENS = { full: [1e5, 1e6, 1e7], quick: [1e4, 1e5] };
const PEERS: readonly MemoryTask["peer"][] = ["no handler", "inline", "off-thread"];
/** Each round takes a process per peer that sends all the tokens. */
const MAX_ROUNDS = 3;
const MIB = { unit: "MiB", bytes: 2 ** 20 };
const METRICS = {
  rss: MIB,
  heapUsed: MIB,
  external: MIB,
  garbage: { unit: "B/token", bytes: 1 },
} satisfies Record<keyof MemoryUse, unknown>;

/** One peer's memory in every round, after each number of tokens. */
interface Uses {
  readonly peer: MemoryTask["peer"];
  readonly rounds: MemoryUse[][];
}

function seriesOf({ peer, rounds }: Uses, tokens: readonly number[]): Series[] {
  return tokens.flatMap((x, i) =>
    Object.entries(METRICS).map(([metric, { unit, bytes }]) => {
      const values = rounds.map((uses) => (uses[i]?.[metric as keyof MemoryUse] ?? Number.NaN) / bytes);
      return { peer, metric, unit, x, rounds: values };
    }),
  );
}

async function measure(tokens: readonly number[], { rounds }: Profile): Promise<Series[]> {
  const all: Uses[] = PEERS.map((peer) => ({ peer, rounds: [] }));
  for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round += 1) {
    for (const uses of inTurn(all, round)) {
      const task = { peer: uses.peer, tokens };
      uses.rounds.push(await runChild<MemoryTask, MemoryUse[]>("memory", task));
    }
  }
  return all.flatMap((uses) => seriesOf(uses, tokens));
}

export const memory: Question = {
  name: "memory",
  asks: "How much memory does a process use, the more tokens have been delivered? (rss of all threads, the rest of the main thread; a process for each peer and round.)",
  base: "no handler",
  axis: "tokens delivered",
  answer: (_context, profile) => measure(TOKENS[profile.name], profile),
};
