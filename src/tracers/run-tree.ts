import type { SidecallError } from "../common/errors.ts";
import { checkFilled } from "../common/validate.ts";
import { type AnyEventRecord, EVENT_INFO, type StartRecord } from "../core/events.ts";
import { alreadyEnded, leftOpen, otherKind, reusedRun, unknownRun } from "./run-errors.ts";
import { type EndRecord, isEnd, isOfKind, isStart, kindOf, type RunHead, runHead } from "./run-head.ts";

/*
 * Runs as trees. A root here is a run without a parent, or whose parent is in no open tree: unknown, over, or traced
 * elsewhere. A tree lasts until its root ends; until then ended runs stay in it, so that late children find them. This
 * file keeps the trees' shape; a tracer's RunRecorder decides what to keep of each run.
 */

/** A run in a tree. `endTime`: ms since the epoch, null while it is open. */
export interface TreeRun<Self> extends RunHead {
  endTime: number | null;
  readonly children: Self[];
}

/** A tracer's half of the work: makes its own run of a start, and adds later events to it. */
export interface RunRecorder<Run> {
  begin(record: StartRecord, head: RunHead, parent: Run | undefined): Run;
  /** An event of an open run that is neither start nor end. */
  onEvent(run: Run, record: AnyEventRecord): void;
  /** The end of a run; `endTime` is set already. */
  end(run: Run, record: EndRecord): void;
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

/** A run has begun or ended. The end of a root hands its tree over; `RunTrees` has forgotten it. */
export interface Step<Run> {
  readonly run: Run;
  readonly isEnd: boolean;
  readonly isRoot: boolean;
  /** The root has left runs open: to be thrown once all else is done. */
  readonly misuse?: SidecallError;
  /** The recorder threw this at the end: to be thrown likewise. */
  readonly failure?: { readonly error: unknown };
}

/** Copies the three ids alone: a caller may pass a whole `TracedRun` of another tracer. */
function adoptionOf(run: ExternalRun): Adoption {
  const { id, traceId, dottedOrder }: Partial<ExternalRun> = run ?? {};
  return {
    id: checkFilled("run.id", id),
    traceId: checkFilled("run.traceId", traceId),
    dottedOrder: checkFilled("run.dottedOrder", dottedOrder),
    openChildren: 0,
  };
}

/** The trees of open roots; forgets a tree when its root ends. */
export class RunTrees<Run extends TreeRun<Run>> {
  readonly #recorder: RunRecorder<Run>;
  /** The newest run of each id, if its tree is open. */
  readonly #runs = new Map<string, Run>();
  /** Open roots, each with the run elsewhere that is its parent, if one is adopted. */
  readonly #roots = new Map<Run, Adoption | undefined>();
  readonly #adopted = new Map<string, Adoption>();

  constructor(recorder: RunRecorder<Run>) {
    this.#recorder = recorder;
  }

  /** Number of entries kept: 0 when every tree is over and no run is adopted. */
  get size(): number {
    return this.#runs.size + this.#roots.size + this.#adopted.size;
  }

  /** Roots that have not ended. */
  get roots(): Run[] {
    return [...this.#roots.keys()];
  }

  /**
   * Adds an event. Returns the run that it began or ended, if it did. An event that contradicts earlier ones changes
   * nothing and throws SIDECALL_RUN_UNKNOWN, SIDECALL_RUN_ENDED or SIDECALL_RUN_REUSED.
   */
  add(record: AnyEventRecord): Step<Run> | undefined {
    const info = EVENT_INFO[record.event];
    if (isStart(record, info)) return this.#begin(record);
    const run = this.#runs.get(record.runId);
    if (run === undefined) {
      // Managers dispatch custom events outside of runs too.
      if (record.event === "on_custom_event") return undefined;
      throw unknownRun(record);
    }
    if (!isOfKind(info, kindOf(run.runType))) throw otherKind(record, run);
    if (run.endTime !== null) throw isEnd(record, info) ? alreadyEnded(record, run) : unknownRun(record);
    if (isEnd(record, info)) return this.#end(run, record);
    this.#recorder.onEvent(run, record);
    return undefined;
  }

  /**
   * Makes a run known that is traced elsewhere: its children get its trace id and continue its dotted order, and are
   * roots here. The run is forgotten when the last of them has ended, or when the returned function is called.
   * Throws SIDECALL_OPTION_INVALID.
   */
  adopt(run: ExternalRun): () => void {
    const adoption = adoptionOf(run);
    this.#adopted.set(run.id, adoption);
    return () => this.#disown(adoption);
  }

  /** Removes and returns the trees whose root has not ended. */
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

  #end(run: Run, record: EndRecord): Step<Run> {
    run.endTime = record.timestamp;
    const failure = this.#failureAtEnd(run, record);
    const isRoot = this.#roots.has(run);
    const open = isRoot ? this.#remove(run) : [];
    const step = { run, isEnd: true, isRoot, ...failure };
    return open.length === 0 ? step : { ...step, misuse: leftOpen(run, open) };
  }

  /** The root's end ends its tree, even if the recorder throws. */
  #failureAtEnd(run: Run, record: EndRecord): Pick<Step<Run>, "failure"> {
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
      // The id may belong to a newer run by now.
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
