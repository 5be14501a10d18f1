import type { Profile } from "./profile.ts";
import type { Series } from "./series.ts";

export interface Reading {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** Prefixes the metrics with the way in which events were sent. */
export function named(way: string, readings: readonly Reading[]): Reading[] {
  return readings.map((reading) => ({ ...reading, metric: `${way}, ${reading.metric}` }));
}

/** A measurement that is repeated every round, with the same metrics each time. */
export interface Trial {
  readonly peer: string;
  readonly x?: number;
  /** True skips the warm-up: another trial warms the same code, or every measurement is a new process. @default false */
  readonly isWarm?: boolean;
  measure(): Promise<readonly Reading[]>;
}

/** Reorders the items for a round, so that none is always first or always after the same one. */
export function inTurn<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** A trial with its values so far. */
class TrialRecord {
  readonly trial: Trial;
  readonly #series = new Map<string, { unit: string; rounds: number[] }>();

  constructor(trial: Trial) {
    this.trial = trial;
  }

  add({ metric, unit, value }: Reading): void {
    const series = this.#series.get(metric);
    if (series === undefined) this.#series.set(metric, { unit, rounds: [value] });
    else series.rounds.push(value);
  }

  series(): Series[] {
    const { peer, x } = this.trial;
    return [...this.#series].map(([metric, values]) => {
      return x === undefined ? { peer, metric, ...values } : { peer, metric, x, ...values };
    });
  }
}

/** Measures all trials once per round, in alternating order, after a warm-up round that is discarded. */
export async function inRounds(trials: readonly Trial[], { rounds }: Profile): Promise<Series[]> {
  for (const trial of trials) {
    if (trial.isWarm !== true) await trial.measure();
  }
  const records = trials.map((trial) => new TrialRecord(trial));
  for (let round = 0; round < rounds; round += 1) {
    for (const record of inTurn(records, round)) {
      for (const reading of await record.trial.measure()) record.add(reading);
    }
  }
  return records.flatMap((record) => record.series());
}
