import type { SidecallError } from "../common/errors.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  type EventInfo,
  type RecordOf,
  type StartRecord,
  startName,
} from "../core/events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { reusedRun, unknownRun } from "../tracers/run-errors.ts";
import { isOfKind } from "../tracers/run-head.ts";
import {
  type ChunkRecord,
  chunkData,
  type EndRecord,
  type ErrorRecord,
  hasChoices,
  inputOf,
  outputOf,
  streamedTypeOf,
  toolCallData,
} from "./event-data.ts";
import type { EventFilter } from "./event-filter.ts";
import type { RunEventData, StreamEvent, StreamedPhase, StreamedRunType } from "./stream-event.ts";

/** A run as kept while it is open. */
interface OpenRun {
  readonly record: StartRecord;
  readonly kind: EventInfo["kind"];
  readonly name: string;
  readonly type: StreamedRunType;
  readonly parentIds: readonly string[];
  /** Its parent, if it has one, is not in the stream. */
  readonly isRoot: boolean;
  /** Its chunks have the number of their choice. */
  hasChoices: boolean;
}

type Send = (event: StreamEvent) => Promise<void> | undefined;

type StreamPart = NonNullable<EventInfo["stream"]>;

/** Whether the event's row gives it this part in the stream. */
function isPart<Part extends StreamPart>(
  record: AnyEventRecord,
  part: Part,
  info = EVENT_INFO[record.event],
): record is Extract<AnyEventRecord, RecordOf<{ stream: Part }>> {
  return info.stream === part;
}

/** False for an event of another run with the same id, as far as kind and parent tell them apart. */
function isSameRun({ record: start, kind }: OpenRun, record: AnyEventRecord): boolean {
  return isOfKind(EVENT_INFO[record.event], kind) && record.parentRunId === start.parentRunId;
}

function reused(record: AnyEventRecord, { name, type }: OpenRun): SidecallError {
  return reusedRun(record, { id: record.runId, name, runType: type });
}

/** Inputs that came late, else the start's input once more; not for a root, whose start the consumer has just read. */
function inputAtEnd({ record: start, isRoot }: OpenRun, record: EndRecord | ErrorRecord): RunEventData {
  if ("inputs" in record && record.inputs !== undefined) return { input: record.inputs };
  const input = isRoot ? undefined : inputOf(start);
  return input === undefined ? {} : { input };
}

/**
 * Turns records into stream events and passes those that match the filter to `send`, whose promise the run awaits. Memory
 * holds open runs alone.
 *
 * An end of a run that is not open throws SIDECALL_RUN_UNKNOWN. A start with the id of an open run throws
 * SIDECALL_RUN_REUSED, and so does that run's end if kind or parent tell it from the open run. Neither gives an event.
 */
export class EventStreamHandler extends BaseCallbackHandler {
  readonly #filter: EventFilter;
  readonly #send: Send;
  readonly #open = new Map<string, OpenRun>();

  constructor(filter: EventFilter, send: Send) {
    super();
    this.#filter = filter;
    this.#send = send;
  }

  /** Runs that have begun and not ended. */
  get openRuns(): number {
    return this.#open.size;
  }

  override onEvent(record: AnyEventRecord): Promise<void> | undefined {
    const info = EVENT_INFO[record.event];
    if (isPart(record, "stream", info)) return this.#stream(record);
    if (isPart(record, "start", info)) return this.#begin(record);
    if (isPart(record, "end", info)) return this.#end(record);
    if (isPart(record, "error", info)) return this.#fail(record);
    return isPart(record, "custom", info) ? this.#custom(record) : undefined;
  }

  #begin(record: StartRecord): Promise<void> | undefined {
    const { runId } = record;
    const known = this.#open.get(runId);
    if (known !== undefined) throw reused(record, known);
    const run: OpenRun = {
      record,
      kind: EVENT_INFO[record.event].kind,
      name: startName(record) ?? "Unnamed",
      type: streamedTypeOf(record),
      parentIds: this.#pathTo(record),
      isRoot: record.parentRunId === undefined || !this.#open.has(record.parentRunId),
      hasChoices: hasChoices(record),
    };
    this.#open.set(runId, run);
    const input = inputOf(record);
    return this.#emit(run, "start", input === undefined ? {} : { input });
  }

  #stream(record: ChunkRecord): Promise<void> | undefined {
    const run = this.#runOf(record);
    if (run === undefined) return undefined;
    run.hasChoices ||= hasChoices(record);
    return this.#emit(run, "stream", chunkData(record, run.type, run.hasChoices));
  }

  #end(record: EndRecord): Promise<void> | undefined {
    const run = this.#close(record);
    return this.#emit(run, "end", { output: outputOf(record, run.type), ...inputAtEnd(run, record) });
  }

  #fail(record: ErrorRecord): Promise<void> | undefined {
    const run = this.#close(record);
    const data = {
      error: record.error,
      ...(record.aborted && { aborted: record.aborted }),
      ...inputAtEnd(run, record),
      ...toolCallData(run.record, record),
    };
    return this.#emit(run, "error", data);
  }

  #custom(record: RecordOf<{ stream: "custom" }>): Promise<void> | undefined {
    const { eventName: name, data, runId, tags, metadata } = record;
    const run = this.#open.get(runId);
    if (run !== undefined && !isSameRun(run, record)) return undefined;
    if (!this.#filter(name, name, tags)) return undefined;
    const parent_ids = run?.parentIds ?? this.#pathTo(record);
    return this.#send({ event: "on_custom_event", name, run_id: runId, tags, metadata, parent_ids, data });
  }

  #runOf(record: AnyEventRecord): OpenRun | undefined {
    const run = this.#open.get(record.runId);
    return run !== undefined && isSameRun(run, record) ? run : undefined;
  }

  #close(record: AnyEventRecord): OpenRun {
    const run = this.#open.get(record.runId);
    if (run === undefined) throw unknownRun(record);
    if (!isSameRun(run, record)) throw reused(record, run);
    this.#open.delete(record.runId);
    return run;
  }

  #pathTo({ parentRunId, traceId }: AnyEventRecord): readonly string[] {
    if (parentRunId === undefined) return [];
    const parent = this.#open.get(parentRunId);
    const path = parent?.parentIds ?? (traceId === parentRunId ? [] : [traceId]);
    return Object.freeze([...path, parentRunId]);
  }

  #emit(run: OpenRun, phase: StreamedPhase, data: RunEventData): Promise<void> | undefined {
    const { name, type, parentIds } = run;
    const { runId, tags, metadata } = run.record;
    if (!this.#filter(name, type, tags)) return undefined;
    const event = `on_${type}_${phase}` as const;
    return this.#send({ event, name, run_id: runId, tags, metadata, parent_ids: parentIds, data });
  }
}
