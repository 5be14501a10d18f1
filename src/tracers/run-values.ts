import { attempt } from "../common/attempt.ts";
import { isObject, isPlainObject } from "../common/json-object.ts";
import { type AnyEventRecord, EVENT_INFO, EVENTS, type EventInfo, type StartRecord } from "../core/events.ts";
import type { EndRecord } from "./run-head.ts";

/*
 * Inputs and outputs of runs as objects. The event table names the field that holds them, and the kind of run decides
 * their shape: an object that a chain took or gave stands for itself, most other values stand under their field's name.
 */

/** A run's inputs, outputs, … by name. */
export type RunValues = Readonly<Record<string, unknown>>;

type ValueField = NonNullable<EventInfo["value"]>;

/** The field that the event's row names as its value. */
export function eventValue(record: AnyEventRecord): unknown {
  const { value } = EVENT_INFO[record.event];
  const fields: { readonly [Field in ValueField]?: unknown } = record;
  return value === null ? undefined : fields[value];
}

function isPlain(value: unknown): value is RunValues {
  return isObject(value) && attempt(() => isPlainObject(value)) === true;
}

/** A plain object stays as it is; any other value gets a name. */
function named(name: string, value: unknown): RunValues {
  if (isPlain(value)) return value;
  return value === undefined ? {} : { [name]: value };
}

/** A tool's structured inputs count before its input as text. */
export function inputsOf(record: StartRecord): RunValues {
  const { kind, value } = EVENTS[record.event];
  const structured = "inputs" in record ? record.inputs : undefined;
  const given = structured ?? eventValue(record);
  return kind === "chain" || kind === "tool" ? named("input", given) : { [value]: given };
}

/** Inputs that became known when a chain ended. */
export function lateInputsOf(record: EndRecord): RunValues | undefined {
  return "inputs" in record && record.inputs !== undefined ? named("input", record.inputs) : undefined;
}

/** A model's error brings what had arrived before it; other errors bring nothing. */
export function outputsOf(record: EndRecord): object | undefined {
  const { kind, value } = EVENTS[record.event];
  const given = eventValue(record);
  if (kind === "llm") return isObject(given) ? given : undefined;
  if (value === null) return undefined;
  return kind === "chain" ? named("output", given) : { [value]: given };
}

export function toolCallIdOf(record: AnyEventRecord): string | undefined {
  return "toolCallId" in record ? record.toolCallId : undefined;
}

/** Reads `extra` only if it must: reading what the application gave may throw. */
export function withToolCallId(extra: RunValues, record: AnyEventRecord): RunValues {
  const toolCallId = toolCallIdOf(record);
  return toolCallId === undefined ? extra : { ...extra, toolCallId };
}

/** The `extra` of a start, and the id of a tool's call. */
export function extraOf(record: AnyEventRecord): RunValues {
  const extra = "extra" in record ? record.extra : undefined;
  return withToolCallId(extra ?? {}, record);
}
