import { median, type Ratio, ratio, type Series } from "./harness/series.ts";
import { PISCINA, PISCINA_DEEP } from "./peers/piscina.ts";
import { offThreadName } from "./peers/sidecall.ts";
import { DELIVERED } from "./throughput.ts";

/** One figure to reach, and whether it was. */
export interface Figure {
  readonly figure: string;
  readonly target: string;
  readonly measured: Ratio;
  readonly verdict: "ok" | "short";
}

const ONE = offThreadName(1, "queued");
const EIGHT = offThreadName(8, "queued");
const MAX_EIGHT_TO_ONE = 1.3;
const MAX_TO_PISCINA = 0.1;
const MIN_TOKENS_PER_SECOND = 500_000;

function atMost(figure: string, bound: number, measured: Ratio | undefined): Figure[] {
  if (measured === undefined) return [];
  return [{ figure, target: `≤ ${bound}`, measured, verdict: measured.median <= bound ? "ok" : "short" }];
}

function tokenFigures(series: readonly Series[]): Figure[] {
  const compare = (peer: string, base: string, metric: string, bound: number) =>
    atMost(`token, ${peer} ÷ ${base} (${metric})`, bound, ratio(series, metric, peer, base));
  return [
    ...["call", "burst, CPU", "burst, busy"].flatMap((metric) =>
      compare(EIGHT, ONE, metric, MAX_EIGHT_TO_ONE),
    ),
    // No "call" here: with Piscina's defaults a call only queues the task, and posting it is paid for later.
    ...["burst, CPU", "burst, busy"].flatMap((metric) => compare(EIGHT, PISCINA, metric, MAX_TO_PISCINA)),
    ...["call", "burst, CPU", "burst, busy"].flatMap((metric) =>
      compare(EIGHT, PISCINA_DEEP, metric, MAX_TO_PISCINA),
    ),
  ];
}

function rateFigures(series: readonly Series[]): Figure[] {
  const rates = series.find(({ peer, metric }) => peer === ONE && metric === DELIVERED)?.rounds;
  if (rates === undefined) return [];
  const measured = { median: median(rates), min: Math.min(...rates), max: Math.max(...rates) };
  const verdict = measured.median >= MIN_TOKENS_PER_SECOND ? "ok" : "short";
  return [{ figure: "tokens/s through one lane", target: `≥ ${MIN_TOKENS_PER_SECOND}`, measured, verdict }];
}

/** The figures that the answers at hand allow; `answers`: by the question's name. */
export function figuresToReach(answers: Readonly<Record<string, readonly Series[]>>): Figure[] {
  return [...tokenFigures(answers["token-cost"] ?? []), ...rateFigures(answers["throughput"] ?? [])];
}
