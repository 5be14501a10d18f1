import type { TokenSink } from "../../core/relay.ts";
import type { Overhead } from "../overhead.ts";
import type { Lane } from "./lane.ts";

/** What all tokens of a handler go through. */
export interface SendState {
  /** Whether the handler takes events. */
  isOpen: boolean;
  readonly overhead: Overhead;
}

/**
 * One run's way for plain tokens into its lane's ring. One object: where runs are many, each thing that a token has to
 * look at costs it a miss of the cache.
 */
export class TokenPath implements TokenSink {
  readonly #lane: Lane;
  readonly #runNumber: number;
  readonly #state: SendState;
  #isOver = false;

  constructor(lane: Lane, runNumber: number, state: SendState) {
    this.#lane = lane;
    this.#runNumber = runNumber;
    this.#state = state;
  }

  write(token: string): boolean {
    const { isOpen, overhead } = this.#state;
    if (this.#isOver || !isOpen) return false;
    const start = overhead.begin();
    // What is not taken comes again, as an event.
    if (!this.#lane.sendToken(token, this.#runNumber)) return false;
    overhead.end(start);
    return true;
  }

  /** The run's number stands for it no more. */
  stop(): void {
    this.#isOver = true;
  }
}
