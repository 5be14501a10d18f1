import type { Peer } from "../peers/peer.ts";
import { timeCalls } from "./calls.ts";
import type { Effort } from "./effort.ts";
import { type Load, Sender } from "./load.ts";
import { timeMainThread } from "./main-thread.ts";
import { median, type Series } from "./series.ts";

const UNIT = "µs/event";
export const CPU = "delivered, CPU";
export const BUSY = "delivered, busy";

/** One peer's figures, a figure a round. */
class Figures {
  readonly sender: Sender;
  readonly #calls: number[] = [];
  readonly #margins: number[] = [];
  readonly #cpu: number[] = [];
  readonly #busy: number[] = [];

  constructor(sender: Sender) {
    this.sender = sender;
  }

  async measure(effort: Effort): Promise<void> {
    const { microsPerEvent, marginPercent } = await timeCalls(this.sender, effort);
    this.#calls.push(microsPerEvent);
    this.#margins.push(marginPercent);
    await this.sender.verify();
    const { busyMicros, cpuMicros } = await timeMainThread(() => this.#deliver(effort));
    const events = effort.deliveries * effort.sendsPerDelivery * this.sender.load.events;
    this.#busy.push(busyMicros / events);
    if (cpuMicros !== undefined) this.#cpu.push(cpuMicros / events);
    await this.sender.verify();
  }

  series(callMetric: string): Series[] {
    const { name: peer } = this.sender.peer;
    const call = { peer, metric: callMetric, unit: UNIT, rounds: this.#calls };
    const cpu = { peer, metric: CPU, unit: UNIT, rounds: this.#cpu };
    const busy = { peer, metric: BUSY, unit: UNIT, rounds: this.#busy };
    const measured = [{ ...call, marginPercent: median(this.#margins) }, busy];
    return this.#cpu.length === 0 ? measured : [...measured, cpu];
  }

  async #deliver({ deliveries, sendsPerDelivery }: Effort): Promise<void> {
    this.sender.checkRoom(sendsPerDelivery);
    for (let delivery = 0; delivery < deliveries; delivery += 1) {
      for (let send = 0; send < sendsPerDelivery; send += 1) await this.sender.send();
      await this.sender.peer.delivered();
    }
  }
}

/** The peers in another order every round: none is always the first, or always behind the same one. */
export function inTurn<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** What the load costs through each peer: time of the calls, and time of the main thread until all is delivered. */
export async function measureCost(
  peers: readonly Peer[],
  load: Load,
  effort: Effort,
  callMetric: string,
): Promise<Series[]> {
  const figures: Figures[] = [];
  for (const peer of peers) {
    const sender = await Sender.open(peer, load);
    // Warms up both threads; its figures are thrown away.
    await new Figures(sender).measure(effort);
    figures.push(new Figures(sender));
  }
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const one of inTurn(figures, round)) await one.measure(effort);
  }
  return figures.flatMap((one) => one.series(callMetric));
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
