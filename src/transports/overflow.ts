import { SidecallError } from "../common/errors.ts";

/** How an overflow policy sees a queued item. A definition (of a run, for the lane) goes with the event that needs it. */
export type Importance = "definition" | "lifecycle" | "droppable";

interface OverflowPolicy {
  /**
   * Decides about an event that finds the backlog full. "queue": it waits too, beyond the bound. "evict": it takes the place
   * of victims, or is dropped if there are too few. "drop": it is given up, and its promise resolves. "reject": it is given
   * up, and its promise rejects with SIDECALL_OVERFLOW.
   */
  admit(importance: Importance): "queue" | "evict" | "drop" | "reject";
  /** Whether a waiting event may be given up for one that evicts. Backlogs give up the newest first. */
  isVictim(importance: Importance): boolean;
}

/** The overflow policies, by the name of the option. A further one is a row here. */
const OVERFLOW_POLICIES = {
  wait: {
    admit: () => "queue",
    isVictim: () => false,
  },
  drop: {
    admit: (importance) => (importance === "droppable" ? "drop" : "evict"),
    isVictim: (importance) => importance === "droppable",
  },
  throw: {
    admit: () => "reject",
    isVictim: () => false,
  },
} as const satisfies Readonly<Record<string, OverflowPolicy>>;

type OverflowName = keyof typeof OVERFLOW_POLICIES;
export const OVERFLOW_NAMES = Object.keys(OVERFLOW_POLICIES) as readonly OverflowName[];

export interface OverflowOptions {
  readonly overflow: OverflowName;
  readonly maxBufferedBytes: number;
}

/** Events that wait for room on their way to the threads. */
export interface Backlog {
  readonly bytes: number;
  readonly length: number;
  /** Gives up victims, newest first, until at least `bytes` are gone or none is left. */
  evict(bytes: number, isVictim: (importance: Importance) => boolean): void;
}

/** "admitted": the event may wait. Else it is given up, and rejects with the error if there is one. */
export type Admission = "admitted" | { readonly error: Error | undefined };

/** Applies the policy to one backlog: counts what is given up, and reports the count once for each time of overflow. */
export class Overflow {
  readonly #policy: OverflowPolicy;
  readonly #maxBytes: number;
  #dropped = 0;
  #unreported = 0;
  #hasWarned = false;

  constructor({ overflow, maxBufferedBytes }: OverflowOptions) {
    this.#policy = OVERFLOW_POLICIES[overflow];
    this.#maxBytes = maxBufferedBytes;
  }

  /** Events given up so far. */
  get dropped(): number {
    return this.#dropped;
  }

  admit(backlog: Backlog, bytes: number, importance: Importance): Admission {
    if (this.#fits(backlog, bytes)) return "admitted";
    const verdict = this.#policy.admit(importance);
    if (verdict === "queue") {
      this.#warnBeyondBound();
      return "admitted";
    }
    if (verdict === "evict") {
      // An eighth more than is needed, so that a full backlog is not walked for every event.
      const excess = backlog.bytes + bytes - this.#maxBytes + backlog.bytes / 8;
      backlog.evict(excess, (each) => this.#policy.isVictim(each));
      if (this.#fits(backlog, bytes)) return "admitted";
    }
    this.countDropped(1);
    return { error: verdict === "reject" ? this.#error() : undefined };
  }

  countDropped(events: number): void {
    this.#dropped += events;
    this.#unreported += events;
  }

  /** To be called when the backlog is empty. */
  reportDropped(): void {
    if (this.#unreported === 0) return;
    process.emitWarning(`${this.#unreported} events for off-thread handlers were dropped.`, {
      type: "SidecallWarning",
      code: "SIDECALL_OVERFLOW",
    });
    this.#unreported = 0;
  }

  /** One event always fits, however large: else it could never be sent. */
  #fits(backlog: Backlog, bytes: number): boolean {
    return backlog.length === 0 || backlog.bytes + bytes <= this.#maxBytes;
  }

  #error(): SidecallError {
    return new SidecallError(
      "SIDECALL_OVERFLOW",
      `Expected at most ${this.#maxBytes} bytes of events to wait for handlers, and they do. Await the callbacks, raise maxBufferedBytes or threads, or choose another overflow policy.`,
    );
  }

  #warnBeyondBound(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `More than ${this.#maxBytes} bytes of events wait for off-thread handlers, and their callers do not wait. Memory grows until the handlers catch up.`,
      { type: "SidecallWarning", code: "SIDECALL_OVERFLOW" },
    );
  }
}
