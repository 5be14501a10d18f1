import { setTimeout as delay } from "node:timers/promises";
import { type Corpus, firstTokens } from "../harness/corpus.ts";
import { add, type Counts, NOTHING } from "../harness/counts.ts";
import { Latencies } from "../harness/latencies.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, type Reading, type Trial } from "../harness/rounds.ts";
import { BARE_CALL, type Caller, offThreadCaller, piscinaCaller, postedCaller } from "../peers/callers.ts";

const CALLS = {
  full: { idle: 40, backToBack: 10_000, loaded: 150 },
  quick: { idle: 3, backToBack: 30, loaded: 10 },
};
/** Long enough for every thread to go to sleep. */
const IDLE_MILLIS = 30;
/** Interval of calls under load, out of step with the ticks of the load. */
const LOADED_MILLIS = 3;
/** The load: 2,000 tokens a second. */
const TOKENS_PER_TICK = 10;
const TICK_MILLIS = 5;

/** Times awaited starts back to back, from idle and under load, and verifies the handler's counts. */
class Calls implements Trial {
  readonly peer: string;
  readonly #caller: Caller;
  readonly #prompt: string;
  readonly #tick: readonly string[];
  readonly #profile: Profile;
  #runs = 0;
  #ticks = 0;

  constructor(caller: Caller, { chats }: Corpus, tick: readonly string[], profile: Profile) {
    this.peer = caller.name;
    this.#caller = caller;
    this.#prompt = chats[0]?.instruction ?? "";
    this.#tick = tick;
    this.#profile = profile;
  }

  async measure(): Promise<Reading[]> {
    const { idle, backToBack, loaded } = CALLS[this.#profile.name];
    const readings = [
      ...(await this.#call(backToBack, () => undefined)).readings("back to back"),
      ...(await this.#call(idle, () => delay(IDLE_MILLIS))).readings("idle"),
      ...(await this.#callUnderLoad(loaded)).readings("loaded"),
    ];
    await this.#verify();
    return readings;
  }

  async #call(count: number, pause: () => Promise<void> | undefined): Promise<Latencies> {
    const latencies = new Latencies();
    for (let call = 0; call < count; call += 1) {
      await pause();
      await latencies.time(() => this.#caller.start(this.#prompt));
      await this.#caller.end();
      this.#runs += 1;
    }
    return latencies;
  }

  async #callUnderLoad(count: number): Promise<Latencies> {
    let isOver = false;
    const streaming = this.#stream(() => isOver);
    try {
      return await this.#call(count, () => delay(LOADED_MILLIS));
    } finally {
      isOver = true;
      await streaming;
    }
  }

  async #stream(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#caller.tokens(this.#tick);
      this.#ticks += 1;
      await delay(TICK_MILLIS);
    }
  }

  async #verify(): Promise<void> {
    const expected = JSON.stringify(this.#sent());
    const counted = JSON.stringify(await this.#caller.counts());
    if (counted === expected) return;
    throw new Error(`Expected the handler of "${this.peer}" to have counted ${expected}, got ${counted}.`);
  }

  #sent(): Counts {
    const opened = { ...NOTHING, starts: 1 };
    const characters = this.#tick.reduce((sum, token) => sum + token.length, 0);
    const tick = { ...NOTHING, tokens: this.#tick.length, characters };
    const streamed = add(opened, tick, this.#ticks);
    const run = { ...NOTHING, starts: 1, ends: 1, characters: this.#prompt.length };
    return this.#caller.countsRuns ? add(streamed, run, this.#runs) : streamed;
  }
}

export const ackLatency: Question = {
  name: "ack-latency",
  asks: "How long until an awaited start is handled: one at a time, from rest, and while 2,000 tokens a second stream?",
  base: BARE_CALL,
  async answer({ corpus }, profile) {
    const tick = firstTokens(corpus, TOKENS_PER_TICK);
    const callers: Caller[] = [];
    try {
      for (const open of [
        () => postedCaller(true),
        () => postedCaller(false),
        offThreadCaller,
        piscinaCaller,
      ])
        callers.push(await open());
      return await inRounds(
        callers.map((caller) => new Calls(caller, corpus, tick, profile)),
        profile,
      );
    } finally {
      await Promise.all(callers.map((caller) => caller.close()));
    }
  },
};
