import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Peer } from "../peers/peer.ts";
import { timeCalls } from "./calls.ts";
import type { Effort } from "./effort.ts";
import { type Load, Sender } from "./load.ts";
import { timeMainThread } from "./main-thread.ts";
import { median, type Series } from "./series.ts";

const UNIT = "µs/event";

/** Sends bursts, each of which the ring can hold, and waits for each until it is handled. Returns the number of sends. */
async function sendInBursts(sender: Sender, { burst }: Effort): Promise<number> {
  const start = performance.now();
  let sends = 0;
  do {
    for (let send = 0; send < burst.sends; send += 1) await sender.send();
    await sender.peer.delivered();
    sends += burst.sends;
  } while (performance.now() - start < burst.minMillis);
  return sends;
}

/** Sends as time goes by, and waits at the end until all is handled. Returns the number of sends. */
async function sendAtPace(sender: Sender, { paced }: Effort): Promise<number> {
  const start = performance.now();
  for (let send = 1; send <= paced.sends; send += 1) {
    await sender.send();
    await delay(Math.max(0, start + send * paced.tickMillis - performance.now()));
  }
  await sender.peer.delivered();
  return paced.sends;
}

/** A sender and its figures, a figure a round for each metric. */
class Measured {
  readonly #sender: Sender;
  readonly #rounds = new Map<string, number[]>();
  readonly #margins: number[] = [];

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  async measure(effort: Effort, callMetric: string): Promise<void> {
    const { microsPerEvent, marginPercent } = await timeCalls(this.#sender, effort);
    this.#note(callMetric, microsPerEvent);
    this.#margins.push(marginPercent);
    await this.#sender.verify();
    // Once, and not in the time that is measured: asking costs more than many events.
    this.#sender.checkRoom(Math.max(effort.burst.sends, effort.paced.sends));
    await this.#time("burst", () => sendInBursts(this.#sender, effort));
    await this.#time("paced", () => sendAtPace(this.#sender, effort));
  }

  series(callMetric: string): Series[] {
    const { name: peer } = this.#sender.peer;
    return [...this.#rounds].map(([metric, rounds]) => {
      const series = { peer, metric, unit: UNIT, rounds };
      return metric === callMetric ? { ...series, marginPercent: median(this.#margins) } : series;
    });
  }

  async #time(way: "burst" | "paced", work: () => Promise<number>): Promise<void> {
    const { result: sends, busyMicros, cpuMicros } = await timeMainThread(work);
    const events = sends * this.#sender.load.events;
    if (cpuMicros !== undefined) this.#note(`${way}, CPU`, cpuMicros / events);
    this.#note(`${way}, busy`, busyMicros / events);
    await this.#sender.verify();
  }

  #note(metric: string, value: number): void {
    const rounds = this.#rounds.get(metric);
    if (rounds === undefined) this.#rounds.set(metric, [value]);
    else rounds.push(value);
  }
}

/** The items in another order every round: none is always the first, or always behind the same one. */
export function inTurn<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/**
 * What the load costs through each peer: time of the calls, as `callMetric`, and time of the main thread, in bursts and at
 * a steady pace. Everything sent is checked to have been counted.
 */
export async function measureCost(
  peers: readonly Peer[],
  load: Load,
  effort: Effort,
  callMetric: string,
): Promise<Series[]> {
  const all: Measured[] = [];
  for (const peer of peers) {
    const sender = await Sender.open(peer, load);
    // Warms up both threads; its figures are thrown away.
    await new Measured(sender).measure(effort, callMetric);
    all.push(new Measured(sender));
  }
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const measured of inTurn(all, round)) await measured.measure(effort, callMetric);
  }
  return all.flatMap((measured) => measured.series(callMetric));
}

/** Closes the peers whatever becomes of the work. */
export async function withPeers<T>(
  opening: readonly (Peer | Promise<Peer>)[],
  work: (peers: readonly Peer[]) => Promise<T>,
): Promise<T> {
  const peers = await Promise.all(opening);
  try {
    return await work(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
}
