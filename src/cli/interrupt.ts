import { EXIT } from "./usage.ts";

// A terminal's Ctrl-C reaches this process, and npx forwards its own: one press, two signals.
const SAME_PRESS_MILLIS = 300;

/** Turns SIGINT and SIGTERM into an abort; a second one exits at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #listeners = {
    SIGINT: () => this.#onSignal(EXIT.sigint),
    SIGTERM: () => this.#onSignal(EXIT.sigterm),
  };
  readonly #onFirst: () => void;
  /** Resolves at the first signal. */
  readonly stopped: Promise<void>;
  #exitCode: number | undefined;
  #firstMillis = 0;

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    this.stopped = new Promise((resolve) => {
      this.signal.addEventListener("abort", () => resolve());
    });
    process.on("SIGINT", this.#listeners.SIGINT);
    process.on("SIGTERM", this.#listeners.SIGTERM);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit code of the first signal; undefined if there was none. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Restores the default action of the signals. */
  dispose(): void {
    process.off("SIGINT", this.#listeners.SIGINT);
    process.off("SIGTERM", this.#listeners.SIGTERM);
  }

  #onSignal(exitCode: number): void {
    if (this.#exitCode === undefined) {
      this.#exitCode = exitCode;
      this.#firstMillis = performance.now();
      this.#onFirst();
      this.#controller.abort();
    } else if (performance.now() - this.#firstMillis > SAME_PRESS_MILLIS) {
      process.exit(exitCode);
    }
  }
}
