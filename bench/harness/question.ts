import type { HandlerSpec } from "../../src/transports/options.ts";
import type { Peer } from "../peers/peer.ts";
import type { Corpus } from "./corpus.ts";
import type { Profile } from "./profile.ts";
import type { Series } from "./series.ts";

/** Makes a peer, whose threads run from then on. */
export type Opener = () => Peer | Promise<Peer>;

/** The further peers of a question, by its name, with so many handlers each. */
export type ExternalPeers = (question: string, handlers: number) => readonly Opener[];

/** What a question works with. */
export interface Context {
  readonly corpus: Corpus;
  /** Peers that need packages which sidecall itself does not. */
  readonly externalPeers: ExternalPeers;
  /** The user's handler, which questions that say `takesOwn` measure in place of the counting ones. */
  readonly own?: HandlerSpec;
}

/** One question that the benchmark answers. */
export interface Question {
  /** What it is called on the command line. */
  readonly name: string;
  readonly asks: string;
  /** The peer that the printed ratios refer to. */
  readonly base?: string;
  /** Whether it can be asked about a handler of the user's. */
  readonly takesOwn?: boolean;
  /** What `x` of the series counts, if they have one. */
  readonly axis?: string;
  /** Every result is checked; rejects if one is not what it must be. */
  answer(context: Context, profile: Profile): Promise<readonly Series[]>;
}

/** A question's answer, as it is printed and stored. */
export type Answer = Omit<Question, "answer" | "takesOwn"> & { readonly series: readonly Series[] };
