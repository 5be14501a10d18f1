import type { SidecallError } from "../common/errors.ts";

/** Answers that callers wait for from one thread: each rejects if the thread ends first. */
export class PendingAnswers {
  /** Resolves when the thread has ended, with the error that describes how. */
  readonly ended: Promise<SidecallError>;
  readonly #waiting = new Set<(error: SidecallError) => void>();
  #error: SidecallError | undefined;
  #resolve: (error: SidecallError) => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The thread has ended: pending answers reject with `error`. */
  end(error: SidecallError): void {
    this.#error = error;
    this.#resolve(error);
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /**
   * Settles as `answer` does, but rejects if the thread ends first. A race against one promise for the thread's whole life
   * would be shorter, and keep every answer in memory until the thread ends.
   */
  async answer<T>(answer: Promise<T>): Promise<T> {
    let onEnd: (error: SidecallError) => void = () => undefined;
    const end = new Promise<never>((_, reject) => {
      onEnd = reject;
    });
    if (this.#error === undefined) this.#waiting.add(onEnd);
    else onEnd(this.#error);
    try {
      return await Promise.race([answer, end]);
    } finally {
      this.#waiting.delete(onEnd);
    }
  }
}
