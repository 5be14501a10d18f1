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

/** Whether a `runInline` handler calls this, or what it awaits. */
export function isInTurn(): boolean {
  return turnAround() !== undefined;
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
  /**
   * Whether a turn before this one cannot end as long as the `runInline` handler that has sent the event awaits it: the
   * handler's own turn, or one that waits for that.
   */
  readonly isNested: boolean;
  #isOver = false;
  readonly #behind = new Map<Turn, () => void>();

  constructor(runIds: readonly string[]) {
    this.runIds = runIds;
    const before = turnsBefore(runIds);
    this.isNested = before.length > 0 && isHeldUp(before, this.outer);
    if (before.length > 0) this.before = Promise.all(before.map((turn) => turn.whenOver(this)));
    for (const runId of runIds) latest.set(runId, this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The turns that wait for the end of this one. */
  get behind(): Iterable<Turn> {
    return this.#behind.keys();
  }

  end(): void {
    this.#isOver = true;
    for (const runId of this.runIds) if (latest.get(runId) === this) latest.delete(runId);
    for (const go of this.#behind.values()) go();
    this.#behind.clear();
  }

  whenOver(behind: Turn): Promise<void> {
    return new Promise((resolve) => this.#behind.set(behind, resolve));
  }
}

function turnsBefore(runIds: readonly string[]): readonly Turn[] {
  if (latest.size === 0) return [];
  return [...new Set(runIds.flatMap((runId) => latest.get(runId) ?? []))];
}

/** Whether one of the turns waits for a handler in whose turn, `outer`, an event is being sent. */
function isHeldUp(turns: readonly Turn[], outer: PendingTurn | undefined): boolean {
  const heldUp = new Set<PendingTurn>();
  const addAll = (first: PendingTurn | undefined) => {
    for (let turn = first; turn !== undefined && !heldUp.has(turn); turn = turn.outer) {
      if (!turn.isOver) heldUp.add(turn);
    }
  };
  addAll(outer);
  // It grows meanwhile. A nested turn holds up none around it.
  for (const turn of heldUp) {
    if (!(turn instanceof Turn)) continue;
    for (const behind of turn.behind) {
      if (behind.isNested) heldUp.add(behind);
      else addAll(behind);
    }
  }
  return turns.some((turn) => heldUp.has(turn));
}
