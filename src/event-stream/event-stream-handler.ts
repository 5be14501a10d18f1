import type { SidecallError } from "../common/errors.ts";
import { type AnyEventRecord, EVENT_INFO, type EventRecord, startName } from "../core/events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { reusedRun, unknownRun } from "../tracers/run-errors.ts";
import { isOfKind, type StartRecord } from "../tracers/run-head.ts";
import {
  type ChunkRecord,
  chunkOf,
  type EndRecord,
  type ErrorRecord,
  inputOf,
  outputOf,
  typeOf,
} from "./event-data.ts";
import type { EventFilter } from "./event-filter.ts";
import type { RunEventData, StreamEvent, StreamedPhase, StreamedRunType } from "./stream-event.ts";

/** What is kept of a run while it is open. */
interface OpenRun {
  readonly record: StartRecord;
  readonly name: string;
  readonly type: StreamedRunType;
  readonly parentIds: readonly string[];
  /** Whether it hangs under no run that the stream knows. */
  readonly isRoot: boolean;
}

type Send = (event: StreamEvent) => Promise<void> | undefined;

/** Whether an event is of this run, and not of another that has the same id. */
function isSameRun({ record: start }: OpenRun, record: AnyEventRecord): boolean {
  return isOfKind(record, EVENT_INFO[start.event].kind) && record.parentRunId === start.parentRunId;
}

function reused(record: AnyEventRecord, { name, type }: OpenRun): SidecallError {
  return reusedRun(record, { id: record.runId, name, runType: type });
}

/** The input again that a run's start has told, or for the first time what came late. A root's consumer has it. */
function inputAtEnd({ record: start, isRoot }: OpenRun, record: EndRecord | ErrorRecord): RunEventData {
  if ("inputs" in record && record.inputs !== undefined) return { input: record.inputs };
  const input = isRoot ? undefined : inputOf(start);
  return input === undefined ? {} : { input };
}

function toolCall({ record: start }: OpenRun, record: ErrorRecord): RunEventData {
  if (record.event !== "on_tool_error" || start.event !== "on_tool_start") return {};
  const tool_call_id = record.toolCallId ?? start.toolCallId;
  return tool_call_id === undefined ? {} : { tool_call_id };
}

/**
 * Turns records into the events of a stream and gives those that pass the filter to `send`, whose promise the run
 * waits for. Holds open runs alone.
 *
 * An end of a run that is not open gives no event; nor does anything of a run that reuses an open run's id, as far as
 * parent and kind tell it apart. Both are told to whoever dispatches, as SIDECALL_RUN_UNKNOWN and SIDECALL_RUN_REUSED.
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
    switch (record.event) {
      case "on_llm_start":
      case "on_chat_model_start":
      case "on_chain_start":
      case "on_tool_start":
      case "on_retriever_start":
        return this.#begin(record);
      case "on_llm_new_token":
      case "on_chain_stream":
      case "on_tool_event":
        return this.#stream(record);
      case "on_llm_end":
      case "on_chain_end":
      case "on_tool_end":
      case "on_retriever_end":
        return this.#end(record);
      case "on_llm_error":
      case "on_chain_error":
      case "on_tool_error":
      case "on_retriever_error":
        return this.#fail(record);
      case "on_custom_event":
        return this.#custom(record);
      default:
        // Texts, retries, agents' steps and raw stream events have no event in LangChain's stream.
        return undefined;
    }
  }

  #begin(record: StartRecord): Promise<void> | undefined {
    const { runId } = record;
    const known = this.#open.get(runId);
    if (known !== undefined) throw reused(record, known);
    const run: OpenRun = {
      record,
      name: startName(record) ?? "Unnamed",
      type: typeOf(record),
      parentIds: this.#pathTo(record),
      isRoot: record.parentRunId === undefined || !this.#open.has(record.parentRunId),
    };
    this.#open.set(runId, run);
    const input = inputOf(record);
    return this.#emit(run, "start", input === undefined ? {} : { input });
  }

  #stream(record: ChunkRecord): Promise<void> | undefined {
    const run = this.#runOf(record);
    return run && this.#emit(run, "stream", { chunk: chunkOf(record, run.type) });
  }

  #end(record: EndRecord): Promise<void> | undefined {
    const run = this.#close(record);
    return this.#emit(run, "end", { output: outputOf(record, run.type), ...inputAtEnd(run, record) });
  }

  #fail(record: ErrorRecord): Promise<void> | undefined {
    const run = this.#close(record);
    const data = { error: record.error, ...inputAtEnd(run, record), ...toolCall(run, record) };
    return this.#emit(run, "error", data);
  }

  #custom(record: EventRecord<"on_custom_event">): Promise<void> | undefined {
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
