import type { TokenSink } from "../../core/relay.ts";
import type { SendState } from "../transport.ts";
import type { Lane } from "./lane.ts";

/**
 * One run's way for plain tokens into its lane's ring. One object: with many runs, each further object that a token touches
 * is a cache miss.
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
    const { phase, overhead } = this.#state;
    if (this.#isOver || phase !== "open") return false;
    const start = overhead.begin();
    // A token that is not taken comes again, as an event.
    if (!this.#lane.sendToken(token, this.#runNumber)) return false;
    overhead.end(start);
    return true;
  }

  /** The run number may be reused from now on. */
  stop(): void {
    this.#isOver = true;
  }
}
