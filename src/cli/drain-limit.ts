import { SidecallError } from "../common/errors.ts";

const STOPPED_MILLIS = 30_000;

/** Limits how long handlers may take to finish. There is no limit until the user sets one or stops the batch. */
export class DrainLimit {
  readonly #millis: number;
  readonly #begins: Promise<void> | undefined;

  /** `millis`: the user's limit, from the start of each wait; without one it is 30 s from when `stopped` resolves. */
  constructor(millis: number | undefined, stopped: Promise<void>) {
    this.#millis = millis ?? STOPPED_MILLIS;
    this.#begins = millis === undefined ? stopped : undefined;
  }

  /** Resolves with the work's result. Rejects with SIDECALL_TIMEOUT past the limit, without stopping the work. */
  async within<T>(work: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let isDone = false;
    const late = new Promise<never>((_, reject) => {
      const begin = () => {
        if (!isDone) timer = setTimeout(() => reject(this.#error(what)), this.#millis);
      };
      if (this.#begins === undefined) begin();
      else void this.#begins.then(begin);
    });
    return await Promise.race([work, late]).finally(() => {
      isDone = true;
      clearTimeout(timer);
    });
  }

  #error(what: string): SidecallError {
    const message = `${what} took longer than ${this.#millis / 1000} s (--drain-seconds)`;
    return new SidecallError("SIDECALL_TIMEOUT", message);
  }
}
