import type { StartUpTask, StartUpTimes } from "../children/start-up.ts";
import { runChild } from "../harness/child.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, type Reading, type Trial } from "../harness/rounds.ts";

const PEERS: Readonly<Record<StartUpTask["way"], string>> = {
  "off-thread": "off-thread, 1 handler",
  Piscina: "Piscina task",
  worker: "worker",
};
const WAYS = Object.keys(PEERS) as StartUpTask["way"][];

async function times(way: StartUpTask["way"]): Promise<Reading[]> {
  const { importMillis, readyMillis, firstEventMillis } = await runChild<StartUpTask, StartUpTimes>(
    "start-up",
    { way },
  );
  return [
    { metric: "import", unit: "ms", value: importMillis },
    { metric: "thread ready", unit: "ms", value: readyMillis },
    { metric: "first event", unit: "ms", value: firstEventMillis },
  ];
}

export const startUp: Question = {
  name: "start-up",
  asks: "How long does it take from nothing to the first event handled on a thread? (A process for each; the steps one after the other.)",
  base: PEERS.worker,
  answer: (_context, profile) =>
    inRounds(
      WAYS.map((way): Trial => ({ peer: PEERS[way], isWarm: true, measure: () => times(way) })),
      profile,
    ),
};
