import { SidecallError } from "../common/errors.ts";

const STOPPED_MILLIS = 30_000;

/**
 * How long handlers may take to finish. As long as they need, unless the user gives a limit or stops the batch: who
 * presses Ctrl-C wants the process to end.
 */
export class DrainLimit {
  readonly #millis: number;
  readonly #begins: Promise<void> | undefined;

  /** `millis`: the user's limit; without one, 30 s count from when `stopped` resolves. */
  constructor(millis: number | undefined, stopped: Promise<void>) {
    this.#millis = millis ?? STOPPED_MILLIS;
    this.#begins = millis === undefined ? stopped : undefined;
  }

  /** The work's result. Rejects with SIDECALL_TIMEOUT if the limit is over before; the work goes on. */
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
