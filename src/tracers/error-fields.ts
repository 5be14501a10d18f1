import { types } from "node:util";
import { attempt } from "../common/attempt.ts";
import { StandIn, unreadable } from "../values/stand-in.ts";

/*
 * The fields of errors that a trace may show: plain, bounded, and without secrets. An error of an API client holds the whole
 * request, with keys, prompts and sockets; none of that says why it failed.
 */

const MAX_DEPTH = 3;
const MAX_KEYS = 32;
/** Keys that are read to find that many with a value to show. */
const MAX_READ = 500;
const MAX_ELEMENTS = 16;
const MAX_CHARACTERS = 1_000;
/** The digits of a larger one take long to find. */
const MAX_BIGINT = 2n ** 2048n;
/** Parts of requests, and machinery. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "config",
  "request",
  "req",
  "requestBody",
  "requestBodyValues",
  "socket",
  "connection",
  "client",
  "agent",
  "httpAgent",
  "httpsAgent",
  "lc_kwargs",
]);
const SECRET =
  /authorization|cookie|api[-_]?key|secret|passw(or)?d|credential|(access|refresh|auth|id|session|bearer)[-_]?token|private[-_]?key|^token$/i;
const HEADERS = /headers$/i;
/** Headers that show why and when; any other may hold a secret. */
const SAFE_HEADER =
  /^(content-(length|type)|date|retry-after(-ms)?|server|via|x-should-retry|openai-processing-ms|cf-ray|(x-|anthropic-)?ratelimit-.*|(x-)?(ms-|amzn-|amz-|goog-|apim-)?(client-)?(request|correlation|trace)-?id)$/i;
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "cf-ray"];

// Bounded repetitions: no text costs more than a multiple of its length.
const KEY_IN_URL = /([?&][\w.-]{0,64}(?:key|token|secret|sig|signature|password)[\w-]{0,64}=)[^&#\s"']+/gi;
const CREDENTIALS = /\b(Bearer|Basic)\s+(?=\S{0,200}[\d=])[\w.~+/-]{12,}=*/gi;
const REDACTED = "[redacted]";

/** A text with keys in URLs and credentials replaced, cut at `limit` characters. */
export function safeText(text: string, limit = MAX_CHARACTERS): string {
  const start = text.length > limit ? text.slice(0, limit) : text;
  const safe = start.replace(KEY_IN_URL, `$1${REDACTED}`).replace(CREDENTIALS, `$1 ${REDACTED}`);
  return start === text ? safe : `${safe}… (${text.length - limit} more characters)`;
}

/** Reading and copying of one trace entry's errors: how much more it may copy. */
export interface FieldBudget {
  values: number;
}

function standInText({ reason, text }: StandIn): string | undefined {
  if (reason === "function" || reason === "symbol") return undefined;
  return text === "" ? `[${reason}]` : `[${reason}: ${text}]`;
}

/** A header's value, of `Headers`, of a Map or of a plain object. */
function headerOf(headers: object, name: string): unknown {
  const get: unknown = Reflect.get(headers, "get");
  return typeof get === "function" ? get.call(headers, name) : Reflect.get(headers, name);
}

function headerEntries(headers: object): readonly (readonly [unknown, unknown])[] {
  if (!(Symbol.iterator in headers) || Array.isArray(headers))
    return Object.entries(headers).slice(0, MAX_READ);
  const entries: (readonly [unknown, unknown])[] = [];
  for (const entry of headers as Iterable<readonly [unknown, unknown]>) {
    if (entries.length >= MAX_READ) break;
    entries.push(entry);
  }
  return entries;
}

/** The id that a server gave the request, of an error's headers. */
export function requestIdOf(headers: unknown): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  return REQUEST_ID_HEADERS.map((name) => attempt(() => headerOf(headers, name))).find(
    (id) => typeof id === "string" && id !== "",
  );
}

function safeHeaders(headers: object): object {
  const entries = headerEntries(headers).filter(
    ([name, value]) => typeof name === "string" && SAFE_HEADER.test(name) && typeof value !== "object",
  );
  return Object.fromEntries(
    entries.slice(0, MAX_KEYS).map(([name, value]) => [name, safeText(String(value))]),
  );
}

/** Emitters are machinery: sockets, requests, clients. */
function isEmitter(value: object): boolean {
  return "_events" in value || "_readableState" in value;
}

function copyList(list: readonly unknown[], path: readonly object[], budget: FieldBudget): unknown {
  const copied = list.slice(0, MAX_ELEMENTS).map((each) => copy(each, path, budget) ?? null);
  return list.length > MAX_ELEMENTS ? [...copied, `… ${list.length - MAX_ELEMENTS} more`] : copied;
}

function copyObject(value: object, path: readonly object[], budget: FieldBudget): unknown {
  if (Array.isArray(value)) return copyList(value, path, budget);
  if (value instanceof StandIn) return standInText(value);
  if (types.isDate(value)) return attempt(() => value.toISOString()) ?? String(value);
  if (types.isMap(value) || types.isSet(value)) {
    if (value.size > MAX_READ) return `[${value.size} entries]`;
    return types.isSet(value)
      ? copyList([...value], path, budget)
      : fieldsOf(Object.fromEntries(value), [], path, budget);
  }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof URL) return safeText(value.href);
  if (types.isNativeError(value)) return safeText(`${value.name}: ${value.message}`);
  if (isEmitter(value)) return undefined;
  const toJson: unknown = Reflect.get(value, "toJSON");
  if (typeof toJson === "function") return copy(toJson.call(value), path, budget);
  return fieldsOf(value, [], path, budget);
}

function copy(value: unknown, above: readonly object[], budget: FieldBudget): unknown {
  if (typeof value === "string") return safeText(value);
  if (typeof value === "bigint")
    return value > -MAX_BIGINT && value < MAX_BIGINT ? String(value) : "[too large]";
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return "[cycle]";
  if (above.length > MAX_DEPTH) return "[too deep]";
  if (budget.values <= 0) return "[too large]";
  budget.values -= 1;
  return copyObject(value, [...above, value], budget);
}

function copyField(from: object, key: string, path: readonly object[], budget: FieldBudget): unknown {
  try {
    if (SECRET.test(key)) return REDACTED;
    const value: unknown = Reflect.get(from, key);
    const isHeaders = HEADERS.test(key) && typeof value === "object" && value !== null;
    return isHeaders ? safeHeaders(value) : copy(value, path, budget);
  } catch (error) {
    return standInText(unreadable(error));
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The plain fields of an object, copied and bounded; undefined if there are none. */
export function fieldsOf(
  object: object,
  others: readonly string[],
  path: readonly object[],
  budget: FieldBudget,
): Readonly<Record<string, unknown>> | undefined {
  const keys = Object.keys(object);
  const fields = new Map<string, unknown>();
  for (const [i, key] of keys.entries()) {
    if (LEFT_OUT.has(key) || others.includes(key)) continue;
    if (fields.size >= MAX_KEYS || i >= MAX_READ || budget.values <= 0) {
      fields.set("…", `${keys.length - i} more`);
      break;
    }
    const value = copyField(object, key, path, budget);
    // Absent, or nothing of it may be shown.
    if (value === undefined || value === null || isEmpty(value)) continue;
    budget.values -= 1;
    fields.set(safeText(key), value);
  }
  return fields.size === 0 ? undefined : Object.fromEntries(fields);
}

/** One value among an error's own, such as its code. */
export function fieldOf(value: unknown, budget: FieldBudget): unknown {
  return copy(value, [], budget);
}
