import { currentScope, type PendingTurn } from "./scope.ts";

/** By run: the turn of its latest event, if that is not over. */
const latest = new Map<string, Turn>();

/** Whether an event of the run has to wait for its turn. */
export function isTaken(runId: string): boolean {
  return latest.size > 0 && latest.has(runId);
}

/** The innermost turn around this code that is not over; those that are over would make a chain without end. */
function turnAround(): PendingTurn | undefined {
  let turn = currentScope()?.turn;
  while (turn?.isOver) turn = turn.outer;
  return turn;
}

/**
 * The turn of an event among the events of its run: from the call that sends it until its inline handlers have been called,
 * and those with `runInline` are done. Events wait only while there are turns: for events of runs with `runInline` handlers.
 * The starts of several runs may have one turn together.
 */
export class Turn implements PendingTurn {
  readonly runIds: readonly string[];
  readonly outer = turnAround();
  /** Settles when the turns before this one are over; undefined if there is none. */
  readonly before: Promise<unknown> | undefined;
  #isOver = false;
  #waiting: (() => void)[] | undefined;

  constructor(runIds: readonly string[]) {
    this.runIds = runIds;
    this.before = turnsBefore(runIds);
    for (const runId of runIds) latest.set(runId, this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a `runInline` handler has sent the event in the turn of its own run: that turn waits for the handler. */
  get isNested(): boolean {
    for (let turn = this.outer; turn !== undefined; turn = turn.outer) {
      if (!turn.isOver && turn.runIds.some((runId) => this.runIds.includes(runId))) return true;
    }
    return false;
  }

  end(): void {
    this.#isOver = true;
    for (const runId of this.runIds) if (latest.get(runId) === this) latest.delete(runId);
    for (const go of this.#waiting ?? []) go();
  }

  whenOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }
}

function turnsBefore(runIds: readonly string[]): Promise<unknown> | undefined {
  if (latest.size === 0) return undefined;
  const turns = new Set(runIds.flatMap((runId) => latest.get(runId) ?? []));
  return turns.size === 0 ? undefined : Promise.all([...turns].map((turn) => turn.whenOver()));
}
