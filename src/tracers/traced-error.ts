import { types } from "node:util";
import { attempt } from "../common/attempt.ts";
import { errorText } from "../common/errors.ts";
import { jsonText } from "../common/json-text.ts";
import { StandIn, type StandInReason } from "../values/stand-in.ts";
import { type FieldBudget, fieldOf, fieldsOf, requestIdOf, safeText } from "./error-fields.ts";

/**
 * An error as a trace shows it: plain data, bounded in size, without the request, its headers and other secrets. Longer texts,
 * lists and chains are cut with a mark that gives the number left out.
 */
export interface TracedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: unknown;
  /** The HTTP status of an API client's error. */
  readonly status?: number | string;
  /** The id that the server gave the request: the error's own, or of its headers. */
  readonly requestId?: string;
  /** The error that this one was made of, and so on; text for a cause that is no error. */
  readonly cause?: TracedError | string;
  /** The parts of an AggregateError, such as one per address or per fallback: the first eight, then how many more. */
  readonly errors?: readonly (TracedError | string)[];
  /** The error's own plain fields: `error`, `type`, `syscall`, …; of headers those that hold no secret. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const MAX_TEXT = 8_192;
const MAX_CAUSES = 8;
const MAX_PARTS = 8;
/** Errors of one entry, over causes and parts of all depths. */
const MAX_ERRORS = 32;
/** Values in the fields of all errors of one entry. */
const MAX_VALUES = 500;

interface Budget extends FieldBudget {
  errors: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Own properties that have a place of their own. */
const PLACED = [
  ..."name message stack cause code status statusCode".split(" "),
  ..."requestID request_id requestId _request_id $metadata".split(" "),
];

function placedIn(error: Fields): readonly string[] {
  return attempt(() => Array.isArray(error["errors"])) === true ? [...PLACED, "errors"] : PLACED;
}

function isErrorLike(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || value instanceof StandIn) return false;
  // By shape, for errors of other realms and what has been thrown in place of an error.
  return (
    types.isNativeError(value) || value instanceof Error || typeof Reflect.get(value, "message") === "string"
  );
}

function objectAt(error: Fields, key: string): Fields {
  const value = attempt(() => error[key]);
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function first<T>(
  sources: readonly (() => unknown)[],
  isWanted: (value: unknown) => value is T,
): T | undefined {
  for (const source of sources) {
    const value = attempt(source);
    if (isWanted(value)) return value;
  }
  return undefined;
}

function isStatus(value: unknown): value is number | string {
  return typeof value === "number" || (typeof value === "string" && value !== "");
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** OpenAI's, Anthropic's, axios', the AI SDK's and AWS' clients have these in different places. */
function statusOf(error: Fields): number | string | undefined {
  const { response, metadata } = {
    response: objectAt(error, "response"),
    metadata: objectAt(error, "$metadata"),
  };
  const sources = [
    () => error["status"],
    () => error["statusCode"],
    () => response["status"],
    () => metadata["httpStatusCode"],
  ];
  return first(sources, isStatus);
}

function idOf(error: Fields): string | undefined {
  const sources = [
    () => error["requestID"],
    () => error["request_id"],
    () => error["requestId"],
    () => error["_request_id"],
    () => objectAt(error, "$metadata")["requestId"],
    () => requestIdOf(error["headers"]),
    () => requestIdOf(error["responseHeaders"]),
    () => requestIdOf(objectAt(error, "response")["headers"]),
  ];
  const id = first(sources, isId);
  return id === undefined ? undefined : safeText(id);
}

/** The cause or a part of an error, if there is one. */
function inner(value: unknown, path: readonly object[], budget: Budget): TracedError | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof StandIn) return `[${value.reason}]`;
  if (path.includes(value)) return "[cycle]";
  if (path.length > MAX_CAUSES) return "[too deep]";
  if (budget.errors <= 0) return "[too large]";
  budget.errors -= 1;
  return describe(value, path, budget);
}

function partsOf(errors: unknown, path: readonly object[], budget: Budget): TracedError["errors"] {
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const parts = errors.slice(0, MAX_PARTS).map((part: unknown) => inner(part, path, budget) ?? "null");
  return errors.length > MAX_PARTS ? [...parts, `… ${errors.length - MAX_PARTS} more`] : parts;
}

function textAt(error: Fields, key: string, otherwise: string): string {
  const value = error[key];
  return value === undefined || value === null ? otherwise : safeText(String(value), MAX_TEXT);
}

/** The error's name; the name of its class where that says more, as with OpenAI's errors. */
function nameOf(error: Fields): string {
  const name = textAt(error, "name", "Error");
  const own = name === "Error" && error instanceof Error ? attempt(() => error.constructor.name) : undefined;
  return typeof own === "string" && own !== "" ? safeText(own) : name;
}

function describeError(error: Fields, above: readonly object[], budget: Budget): TracedError {
  const path = [...above, error];
  const optional = {
    stack: attempt(() => textAt(error, "stack", "")) || undefined,
    code: attempt(() => fieldOf(error["code"], budget)) ?? undefined,
    status: statusOf(error),
    requestId: idOf(error),
    cause: attempt(() => inner(error["cause"], path, budget)),
    errors: attempt(() => partsOf(error["errors"], path, budget)),
    fields: attempt(() => fieldsOf(error, placedIn(error), [error], budget)),
  };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  // Both may throw: an error without a readable message is none that can be described.
  return {
    name: nameOf(error),
    message: textAt(error, "message", ""),
    ...Object.fromEntries(given),
  };
}

/** A value that cannot cross to another thread is described as the mark that crosses in its place. */
function markOf(reason: StandInReason, text = ""): string {
  return `[${reason}: ${safeText(String(text))}]`;
}

function describe(value: unknown, path: readonly object[], budget: Budget): TracedError | string {
  try {
    if (isErrorLike(value)) return describeError(value, path, budget);
    if (typeof value === "symbol") return markOf("symbol", value.description);
    if (typeof value === "function") return markOf("function", value.name);
    if (value instanceof StandIn) return markOf(value.reason, value.text);
    const isObject = typeof value === "object" && value !== null;
    return safeText(isObject ? jsonText(fieldOf(value, budget)) : errorText(value), MAX_TEXT);
  } catch {
    return safeText(errorText(value), MAX_TEXT);
  }
}

/**
 * Describes a thrown value: an error, of any realm, or an object with a message by its fields, anything else as text.
 * Never throws; bounded in time and size, whatever the value's getters, causes and parts are.
 */
export function tracedError(error: unknown): TracedError | string {
  return describe(error, [], { errors: MAX_ERRORS, values: MAX_VALUES });
}
