import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Sender } from "./checked-peer.ts";
import { timeMainThread } from "./main-thread.ts";
import type { Reading } from "./rounds.ts";

const UNIT = "µs/event";

/** Interval between sends at a steady pace; loads for a pace are cut to match. */
export const TICK_MILLIS = 5;

interface Sent {
  readonly sends: number;
  /** Sum over all calls, each until its promise has resolved. */
  readonly callMillis: number;
}

async function sendBursts(sender: Sender, burstSends: number, minMillis: number): Promise<Sent> {
  const begin = performance.now();
  let [sends, callMillis] = [0, 0];
  do {
    const start = performance.now();
    for (let send = 0; send < burstSends; send += 1) await sender.send();
    callMillis += performance.now() - start;
    await sender.peer.delivered();
    sends += burstSends;
  } while (performance.now() - begin < minMillis);
  return { sends, callMillis };
}

async function sendAtPace(sender: Sender, sends: number): Promise<Sent> {
  const begin = performance.now();
  let callMillis = 0;
  for (let send = 1; send <= sends; send += 1) {
    const start = performance.now();
    await sender.send();
    callMillis += performance.now() - start;
    await delay(Math.max(0, begin + send * TICK_MILLIS - performance.now()));
  }
  await sender.peer.delivered();
  return { sends, callMillis };
}

async function costOf(sender: Sender, work: () => Promise<Sent>): Promise<Reading[]> {
  const { result, busyMicros, cpuMicros } = await timeMainThread(work);
  await sender.peer.verify();
  const events = result.sends * sender.load.events;
  const reading = (metric: string, micros: number) => ({ metric, unit: UNIT, value: micros / events });
  return [
    reading("call", result.callMillis * 1000),
    reading("busy", busyMicros),
    ...(cpuMicros === undefined ? [] : [reading("CPU", cpuMicros)]),
  ];
}

/**
 * Measures an event's cost to the main thread in bursts of `burstSends` sends, in µs: the time inside the calls, and the
 * thread's busy and processor time until everything is handled. A burst starts when the one before it is handled.
 * Rejects if the ring may not hold a whole burst, or if the handlers' counts differ from what was sent.
 */
export function burstCost(sender: Sender, burstSends: number, minMillis: number): Promise<Reading[]> {
  // Checked once, outside the measured time: the check costs more than many events.
  sender.checkRoom(burstSends);
  return costOf(sender, () => sendBursts(sender, burstSends, minMillis));
}

/** Measures the same for one send every `TICK_MILLIS`, for `millis` in all. */
export function pacedCost(sender: Sender, millis: number): Promise<Reading[]> {
  const sends = Math.ceil(millis / TICK_MILLIS);
  sender.checkRoom(sends);
  return costOf(sender, () => sendAtPace(sender, sends));
}
