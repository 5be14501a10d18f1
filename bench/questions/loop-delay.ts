import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { HandlerSpec } from "../../src/transports/options.ts";
import type { BurningOptions } from "../handlers/burning.ts";
import { type CheckedPeer, type Sender, withPeers } from "../harness/checked-peer.ts";
import { tokenLoad } from "../harness/load.ts";
import { delayReadings, LoopDelay } from "../harness/loop-delay.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, type Reading, type Trial } from "../harness/rounds.ts";
import { placementOpeners } from "../peers/placements.ts";
import { NO_HANDLER } from "../peers/sidecall.ts";

const HANDLER_MILLIS = [0.1, 1, 10];
const EVENTS_PER_SECOND = 300;
const SECONDS = { full: 0.6, quick: 0.1 };

function burning(millis: number): HandlerSpec {
  const options: BurningOptions = { millis };
  return { module: new URL("../handlers/burning.js", import.meta.url), options };
}

/** Sends events one by one, at a steady pace where handlers allow it, and measures until all are handled. */
async function watchLoop(sender: Sender, profile: Profile): Promise<Reading[]> {
  const events = Math.ceil(EVENTS_PER_SECOND * SECONDS[profile.name]);
  const loop = new LoopDelay();
  loop.start();
  const begin = performance.now();
  for (let event = 1; event <= events; event += 1) {
    await sender.send();
    await delay(Math.max(0, begin + (event * 1000) / EVENTS_PER_SECOND - performance.now()));
  }
  await sender.peer.delivered();
  const readings = delayReadings(loop.stop());
  await sender.peer.verify();
  return readings;
}

export const loopDelay: Question = {
  name: "loop-delay",
  asks: `How late is the event loop while a heavy handler gets ${EVENTS_PER_SECOND} events a second?`,
  base: NO_HANDLER,
  takesOwn: true,
  axis: "ms of work per event",
  answer({ own }, profile) {
    const placed =
      own === undefined
        ? HANDLER_MILLIS.map((x) => ({ x, spec: burning(x), isCounting: true }))
        : [{ spec: own, isCounting: false }];
    const opened = placed.flatMap(({ spec, isCounting, ...at }) =>
      placementOpeners({ spec, isCounting }).map((open) => ({ open, at })),
    );
    return withPeers(
      opened.map(({ open }) => open),
      async (peers) => {
        const trial = async (peer: CheckedPeer, i: number): Promise<Trial> => {
          const sender = await peer.open(tokenLoad([" token"]));
          return { peer: peer.name, ...opened[i]?.at, measure: () => watchLoop(sender, profile) };
        };
        return inRounds(await Promise.all(peers.map(trial)), profile);
      },
    );
  },
};
