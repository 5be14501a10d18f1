import type { SidecallError } from "../common/errors.ts";
import { checkFilled } from "../common/validate.ts";
import { type AnyEventRecord, EVENT_INFO, isRunEnd } from "../core/events.ts";
import { alreadyEnded, leftOpen, otherKind, reusedRun, unknownRun } from "./run-errors.ts";
import { isOfKind, isStart, kindOf, type RunHead, runHead, type StartRecord } from "./run-head.ts";

/*
 * Runs as trees. A root here is a run without a parent, or whose parent is not in a tree: never heard of, over, or
 * traced elsewhere. A tree lasts until its root has ended; until then the runs in it are known, ended ones too, so that
 * late children find them. What a tracer keeps of a run is its own affair: this keeps who is below whom.
 */

/** A run in a tree. `endTime`: ms since the epoch, null while it is open. */
export interface TreeRun<Self> extends RunHead {
  endTime: number | null;
  readonly children: Self[];
}

/** How a tracer turns events into what it keeps of runs. */
export interface RunRecorder<Run> {
  begin(record: StartRecord, head: RunHead, parent: Run | undefined): Run;
  /** An event of an open run that is neither start nor end. */
  onEvent(run: Run, record: AnyEventRecord): void;
  /** The end of a run; `endTime` is set already. */
  end(run: Run, record: AnyEventRecord): void;
}

/** A run that is traced elsewhere and has children here. */
export interface ExternalRun {
  readonly id: string;
  readonly traceId: string;
  readonly dottedOrder: string;
}

interface Adoption extends ExternalRun {
  openChildren: number;
}

/** A run has begun or ended. A root's end gives the tree out: it is not known here any more. */
export interface Step<Run> {
  readonly run: Run;
  readonly isEnd: boolean;
  readonly isRoot: boolean;
  /** To be thrown when all else is done: the root has left runs open. */
  readonly misuse?: SidecallError;
  /** What the recorder threw at the end, to be thrown likewise. */
  readonly failure?: { readonly error: unknown };
}

/** Takes what it needs: a whole `TracedRun` of another tracer is one too. */
function adoptionOf(run: ExternalRun): Adoption {
  const { id, traceId, dottedOrder }: Partial<ExternalRun> = run ?? {};
  return {
    id: checkFilled("run.id", id),
    traceId: checkFilled("run.traceId", traceId),
    dottedOrder: checkFilled("run.dottedOrder", dottedOrder),
    openChildren: 0,
  };
}

/** Keeps the trees of open roots, and nothing of those that are over. */
export class RunTrees<Run extends TreeRun<Run>> {
  readonly #recorder: RunRecorder<Run>;
  /** The newest run of each id, if its tree is open. */
  readonly #runs = new Map<string, Run>();
  /** Open roots, and the run elsewhere that they hang under. */
  readonly #roots = new Map<Run, Adoption | undefined>();
  readonly #adopted = new Map<string, Adoption>();

  constructor(recorder: RunRecorder<Run>) {
    this.#recorder = recorder;
  }

  /** How many things are kept at all: 0 when every tree is over and nothing is adopted. */
  get size(): number {
    return this.#runs.size + this.#roots.size + this.#adopted.size;
  }

  /** Roots that have not ended. */
  get roots(): Run[] {
    return [...this.#roots.keys()];
  }

  /**
   * Takes an event; says which run began or ended. An event that cannot be changes nothing and throws
   * SIDECALL_RUN_UNKNOWN, SIDECALL_RUN_ENDED or SIDECALL_RUN_REUSED.
   */
  add(record: AnyEventRecord): Step<Run> | undefined {
    if (isStart(record)) return this.#begin(record);
    const info = EVENT_INFO[record.event];
    const run = this.#runs.get(record.runId);
    if (run === undefined) {
      // Managers say custom events outside of runs too.
      if (record.event === "on_custom_event") return undefined;
      throw unknownRun(record);
    }
    if (!isOfKind(record, kindOf(run.runType))) throw otherKind(record, run);
    if (run.endTime !== null) throw isRunEnd(info) ? alreadyEnded(record, run) : unknownRun(record);
    if (isRunEnd(info)) return this.#end(run, record);
    this.#recorder.onEvent(run, record);
    return undefined;
  }

  /**
   * Makes a run known that is traced elsewhere: runs below it get its trace id and continue its dotted order, and are
   * roots here. It is forgotten when the last of them has ended, or by the function that this gives back.
   * Throws SIDECALL_OPTION_INVALID.
   */
  adopt(run: ExternalRun): () => void {
    const adoption = adoptionOf(run);
    this.#adopted.set(run.id, adoption);
    return () => this.#disown(adoption);
  }

  /** Gives out the trees whose root has not ended. */
  takeAll(): Run[] {
    const { roots } = this;
    for (const root of roots) this.#remove(root);
    return roots;
  }

  #begin(record: StartRecord): Step<Run> {
    const { runId, parentRunId } = record;
    const known = this.#runs.get(runId);
    if (known?.endTime === null) throw reusedRun(record, known);
    const parent = parentRunId === undefined ? undefined : this.#runs.get(parentRunId);
    const adoption = parentRunId === undefined ? undefined : this.#adopted.get(parentRunId);
    const run = this.#recorder.begin(record, runHead(record, parent ?? adoption), parent);
    this.#runs.set(runId, run);
    if (parent === undefined) this.#addRoot(run, adoption);
    else parent.children.push(run);
    return { run, isEnd: false, isRoot: parent === undefined };
  }

  #addRoot(run: Run, adoption: Adoption | undefined): void {
    if (adoption !== undefined) adoption.openChildren += 1;
    this.#roots.set(run, adoption);
  }

  #end(run: Run, record: AnyEventRecord): Step<Run> {
    run.endTime = record.timestamp;
    const failure = this.#failureAtEnd(run, record);
    const isRoot = this.#roots.has(run);
    const open = isRoot ? this.#remove(run) : [];
    const step = { run, isEnd: true, isRoot, ...failure };
    return open.length === 0 ? step : { ...step, misuse: leftOpen(run, open) };
  }

  /** A tree is over when its root has ended, whether or not the recorder threw. */
  #failureAtEnd(run: Run, record: AnyEventRecord): Pick<Step<Run>, "failure"> {
    try {
      this.#recorder.end(run, record);
      return {};
    } catch (error) {
      return { failure: { error } };
    }
  }

  /** Forgets a tree. Returns the runs in it that have not ended. */
  #remove(root: Run): Run[] {
    const tree = [root];
    for (const run of tree) {
      for (const child of run.children) tree.push(child);
      // The id may have been used again.
      if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
    }
    const adoption = this.#roots.get(root);
    this.#roots.delete(root);
    if (adoption !== undefined) this.#release(adoption);
    return tree.filter((run) => run.endTime === null);
  }

  #release(adoption: Adoption): void {
    adoption.openChildren -= 1;
    if (adoption.openChildren === 0) this.#disown(adoption);
  }

  #disown(adoption: Adoption): void {
    if (this.#adopted.get(adoption.id) === adoption) this.#adopted.delete(adoption.id);
  }
}
