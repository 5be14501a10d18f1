import { EXIT } from "./usage.ts";

// A terminal's Ctrl-C reaches this process, and npx passes on its own: one press, two signals.
const SAME_PRESS_MILLIS = 300;

/** Turns SIGINT and SIGTERM into an abort; the second press exits at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #listeners = { SIGINT: () => this.#hear(EXIT.sigint), SIGTERM: () => this.#hear(EXIT.sigterm) };
  readonly #onFirst: () => void;
  /** Resolves at the first press. */
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

  /** The exit code for having been stopped; undefined if nobody did. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Signals do again what they do by default. */
  dispose(): void {
    process.off("SIGINT", this.#listeners.SIGINT);
    process.off("SIGTERM", this.#listeners.SIGTERM);
  }

  #hear(exitCode: number): void {
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
