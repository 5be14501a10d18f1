import { type AnyEventRecord, EVENT_INFO, isRunEnd } from "../events.ts";
import { jsonText } from "./json-text.ts";

/*
 * Runs as trees. What events say is turned into JSON text when it is said: a tree does not change when the
 * application changes an object afterwards, and a finished one is written without another look at its parts.
 */

interface RunNode {
  readonly id: string;
  readonly parentRunId: string | undefined;
  readonly traceId: string;
  readonly name: string;
  readonly runType: string;
  readonly startTime: number;
  readonly inputs: string;
  readonly tags: string;
  readonly metadata: string;
  readonly children: RunNode[];
  readonly events: string[];
  endTime: number | null;
  outputs: string;
  error: string;
  tokens: number;
  firstToken: number | null;
  lastToken: number | null;
}

/** Own fields by event; start events have `serialized` beside their input, which `name` stands for. */
function ownFields(record: AnyEventRecord, without: readonly string[]): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { ...record };
  const own = EVENT_INFO[record.event].fields.filter((field) => !without.includes(field));
  return Object.fromEntries(
    own.filter((field) => values[field] !== undefined).map((field) => [field, values[field]]),
  );
}

function nameOf(record: AnyEventRecord, runType: string): string {
  if ("name" in record && record.name !== undefined) return record.name;
  const serialized = "serialized" in record ? record.serialized : null;
  return serialized?.name ?? serialized?.id?.at(-1) ?? runType;
}

function nodeOf(record: AnyEventRecord): RunNode {
  const runType = record.event === "on_chat_model_start" ? "chat_model" : EVENT_INFO[record.event].kind;
  return {
    id: record.runId,
    parentRunId: record.parentRunId,
    traceId: record.traceId,
    name: nameOf(record, runType),
    runType,
    startTime: record.timestamp,
    inputs: jsonText(ownFields(record, ["serialized"])),
    tags: jsonText(record.tags),
    metadata: jsonText("metadata" in record ? record.metadata : {}),
    children: [],
    events: [],
    endTime: null,
    outputs: "null",
    error: "null",
    tokens: 0,
    firstToken: null,
    lastToken: null,
  };
}

/** One finished tree as a line of JSON, without its line break. A run that has not ended has `endTime: null`. */
function lineOf(node: RunNode): string {
  const { id, parentRunId = null, traceId, name, runType, startTime, endTime } = node;
  const tokens = { count: node.tokens, firstTime: node.firstToken, lastTime: node.lastToken };
  const head = JSON.stringify({ id, parentRunId, traceId, name, runType, startTime, endTime });
  const rest = [
    `"inputs":${node.inputs}`,
    `"outputs":${node.outputs}`,
    `"error":${node.error}`,
    `"tags":${node.tags}`,
    `"metadata":${node.metadata}`,
    `"tokens":${JSON.stringify(tokens)}`,
    ...(node.events.length === 0 ? [] : [`"events":[${node.events.join(",")}]`]),
    `"children":[${node.children.map(lineOf).join(",")}]`,
  ];
  return `${head.slice(0, -1)},${rest.join(",")}}`;
}

/** Builds run trees from events and gives each out once, as a line of JSON, when its root has ended. */
export class RunTrees {
  readonly #open = new Map<string, RunNode>();
  readonly #emit: (line: string) => Promise<void>;

  /** `emit` takes a line and resolves when the next is welcome. */
  constructor(emit: (line: string) => Promise<void>) {
    this.#emit = emit;
  }

  /** Runs that have begun and whose tree has not been given out. */
  get openRuns(): number {
    return this.#open.size;
  }

  add(record: AnyEventRecord): Promise<void> | undefined {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") return this.#begin(record);
    const node = this.#open.get(record.runId);
    if (node === undefined) return undefined;
    if (isRunEnd(info)) return this.#end(node, record);
    if (record.event === "on_llm_new_token") {
      node.tokens += 1;
      node.firstToken ??= record.timestamp;
      node.lastToken = record.timestamp;
    } else if (record.event !== "on_stream_event" && record.event !== "on_tool_event") {
      node.events.push(jsonText({ event: record.event, time: record.timestamp, ...ownFields(record, []) }));
    }
    return undefined;
  }

  /** Gives out the trees whose root has not ended. */
  async finish(): Promise<void> {
    const roots = [...this.#open.values()].filter((node) => this.#parentOf(node) === undefined);
    for (const root of roots) await this.#giveOut(root);
  }

  #parentOf(node: RunNode): RunNode | undefined {
    return node.parentRunId === undefined ? undefined : this.#open.get(node.parentRunId);
  }

  #begin(record: AnyEventRecord): undefined {
    const node = nodeOf(record);
    this.#open.set(node.id, node);
    this.#parentOf(node)?.children.push(node);
  }

  #end(node: RunNode, record: AnyEventRecord): Promise<void> | undefined {
    node.endTime = record.timestamp;
    const outputs = ownFields(record, ["error", "inputs"]);
    if (Object.keys(outputs).length > 0) node.outputs = jsonText(outputs);
    if ("error" in record) node.error = jsonText(record.error ?? "unknown");
    // A run whose parent was never heard of, as when a handler was given to a child alone, is a root here.
    return this.#parentOf(node) === undefined ? this.#giveOut(node) : undefined;
  }

  #giveOut(root: RunNode): Promise<void> {
    this.#forget(root);
    return this.#emit(lineOf(root));
  }

  #forget(node: RunNode): void {
    this.#open.delete(node.id);
    for (const child of node.children) this.#forget(child);
  }
}
