import type { Corpus } from "./corpus.ts";
import type { Effort } from "./effort.ts";
import type { Series } from "./series.ts";

/** One question that the benchmark answers. */
export interface Question {
  /** What it is called on the command line. */
  readonly name: string;
  readonly asks: string;
  /** The peer that the printed ratios refer to. */
  readonly base: string;
  answer(corpus: Corpus, effort: Effort): Promise<readonly Series[]>;
}
