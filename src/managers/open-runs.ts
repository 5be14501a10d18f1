import { RESOLVED } from "../common/thenable.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { isInTurn } from "../core/turns.ts";
import type { ParentRun } from "./manager-options.ts";

/*
 * Runs that have begun and not ended, below a group, a run with a body, or an event stream. When that fails, they do: a trace
 * has an end for each of its runs, whatever the application's own code still does about them.
 */

export interface OpenRun {
  readonly parent: ParentRun | undefined;
  /** Sends the run's error, in place of the application. */
  fail(error: unknown, isAbort: boolean): Promise<void>;
  /** After the end or `fail`: the promise of its event, if the run above must not end before. */
  readonly aheadUntil: Promise<void> | undefined;
}

type DepthOf = (run: ParentRun | undefined) => number;

/** Counts the runs from the root down to a run. Looks at each of them once, as a chain of runs may be long. */
function depths(): DepthOf {
  const known = new Map<ParentRun, number>();
  return (run) => {
    const path: ParentRun[] = [];
    let above = run;
    for (; above !== undefined && !known.has(above); above = above.parent) path.push(above);
    let depth = (above && known.get(above)) ?? 0;
    for (const each of path.reverse()) {
      depth += 1;
      known.set(each, depth);
    }
    return depth;
  };
}

/** The runs of each depth, the deepest first. */
function byDepth(runs: Iterable<OpenRun>): OpenRun[][] {
  const depthOf = depths();
  const levels: OpenRun[][] = [];
  for (const run of runs) {
    const depth = depthOf(run.parent);
    levels[depth] ??= [];
    levels[depth].push(run);
  }
  // Levels may be missing between two.
  return levels.filter((level) => level !== undefined).reverse();
}

/** Returns the promises that an end waits for: none for an end that a handler sends, which may be the slow one itself. */
function endsAhead(runs: Iterable<OpenRun>): Promise<void>[] {
  const ahead = [...runs].flatMap(({ aheadUntil }) => aheadUntil ?? []);
  return ahead.length > 0 && isInTurn() ? [] : ahead;
}

export class OpenRuns {
  readonly #runs = new Set<OpenRun>();
  #closing = 0;

  /** Whether the end of the run above is on its way to its handlers: a run that begins now could not end before it. */
  get isClosing(): boolean {
    return this.#closing > 0;
  }

  get size(): number {
    return this.#runs.size;
  }

  add(run: OpenRun): void {
    this.#runs.add(run);
  }

  delete(run: OpenRun): void {
    this.#runs.delete(run);
  }

  /** Calls `last` once the ends that were sent are handled. */
  beforeEnd(last: () => Promise<void>): Promise<void> {
    const ahead = this.size === 0 ? [] : endsAhead(this.#runs);
    return ahead.length === 0 ? last() : Promise.allSettled(ahead).then(last);
  }

  closeUntil(ended: Promise<void>): void {
    this.#closing += 1;
    const reopen = () => {
      this.#closing -= 1;
    };
    ended.then(reopen, reopen);
  }

  /**
   * Sends every run its error, those below before those above, then calls `last`. Handlers get the errors at once, without
   * waiting for one another, unless some have `runInline`. Settles as `last` does, when all handlers have settled.
   */
  async fail(error: unknown, isAbort: boolean, last: () => Promise<void> = () => RESOLVED): Promise<void> {
    const sent: Promise<void>[] = [];
    for (const level of byDepth(this.#runs)) {
      const errors = level.map((run) => run.fail(error, isAbort));
      sent.push(...errors);
      const ahead = endsAhead(level);
      if (ahead.length > 0) await Promise.allSettled(ahead);
    }
    const end = last();
    await Promise.allSettled([...sent, end]);
    return end;
  }
}

const streams = new WeakMap<CallbackHandler, OpenRuns>();

/** From now on keeps the open runs among those of which `handler` gets the events. */
export function openRunsOf(handler: CallbackHandler): OpenRuns {
  const runs = new OpenRuns();
  streams.set(handler, runs);
  return runs;
}

/** `inherited`, and the open runs of the handlers for which they are kept. */
export function withRunsOf(
  handlers: readonly CallbackHandler[],
  inherited: readonly OpenRuns[],
): readonly OpenRuns[] {
  let runs = inherited;
  for (const handler of handlers) {
    const own = streams.get(handler);
    if (own !== undefined && !runs.includes(own)) runs = [...runs, own];
  }
  return runs;
}
