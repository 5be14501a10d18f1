import type { Profile } from "./profile.ts";
import type { Series } from "./series.ts";

export interface Reading {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** Readings of one way to send among others. */
export function named(way: string, readings: readonly Reading[]): Reading[] {
  return readings.map((reading) => ({ ...reading, metric: `${way}, ${reading.metric}` }));
}

/** Something that is measured once a round. Its readings have the same metrics each time. */
export interface Trial {
  readonly peer: string;
  readonly x?: number;
  /** Whether it needs no warming up: another trial does that, or every measurement is a new process. */
  readonly isWarm?: boolean;
  measure(): Promise<readonly Reading[]>;
}

/** The items in another order every round: none is always the first, or always behind the same one. */
export function inTurn<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** A trial with its figures so far. */
class TrialRecord {
  readonly trial: Trial;
  readonly #series = new Map<string, { unit: string; rounds: number[] }>();

  constructor(trial: Trial) {
    this.trial = trial;
  }

  note({ metric, unit, value }: Reading): void {
    const series = this.#series.get(metric);
    if (series === undefined) this.#series.set(metric, { unit, rounds: [value] });
    else series.rounds.push(value);
  }

  series(): Series[] {
    const { peer, x } = this.trial;
    return [...this.#series].map(([metric, figures]) => {
      return x === undefined ? { peer, metric, ...figures } : { peer, metric, x, ...figures };
    });
  }
}

/** Measures all trials in alternation, after a round that warms up and does not count. */
export async function inRounds(trials: readonly Trial[], { rounds }: Profile): Promise<Series[]> {
  for (const trial of trials) {
    if (trial.isWarm !== true) await trial.measure();
  }
  const records = trials.map((trial) => new TrialRecord(trial));
  for (let round = 0; round < rounds; round += 1) {
    for (const record of inTurn(records, round)) {
      for (const reading of await record.trial.measure()) record.note(reading);
    }
  }
  return records.flatMap((record) => record.series());
}
