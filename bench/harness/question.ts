import type { HandlerSpec } from "../../src/transports/options.ts";
import type { Corpus } from "./corpus.ts";
import type { Peer } from "./peer.ts";
import type { Profile } from "./profile.ts";
import type { Series } from "./series.ts";

/** Creates a peer and starts its threads. */
export type Opener = () => Peer | Promise<Peer>;

/** Returns further peers for the question of that name, each with that many handlers. */
export type ExternalPeers = (question: string, handlers: number) => readonly Opener[];

export interface Context {
  readonly corpus: Corpus;
  /** Peers from packages that sidecall does not depend on. */
  readonly externalPeers: ExternalPeers;
  /** The user's handler; questions with `takesOwn` measure it in place of the counting handlers. */
  readonly own?: HandlerSpec;
}

/** A question that the benchmark answers by measuring peers. */
export interface Question {
  /** Its name on the command line and in results. */
  readonly name: string;
  readonly asks: string;
  /** The peer that printed ratios are relative to. */
  readonly base?: string;
  /** Whether `--handler` applies to it. @default false */
  readonly takesOwn?: boolean;
  /** The quantity that `x` of the series counts; undefined if they have no `x`. */
  readonly axis?: string;
  /** Measures and checks every result; rejects if handlers did not count exactly what was sent. */
  answer(context: Context, profile: Profile): Promise<readonly Series[]>;
}

/** A question with the series that answer it, as printed and stored. */
export type Answer = Omit<Question, "answer" | "takesOwn"> & { readonly series: readonly Series[] };
