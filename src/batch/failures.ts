import { APIError } from "openai";
import { errorText, SidecallError } from "../common/errors.ts";
import { isObject } from "../common/json-object.ts";

/** Upper bound of the wait before a retry, also if the server's header asks for more. */
const MAX_DELAY_MILLIS = 60_000;
const RETRIED_STATUSES = new Set([408, 409, 429]);

/** Returns the HTTP status of a refusal; undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof APIError ? error.status : undefined;
}

/** Whether a retry may help: the server is busy or broken, or the connection failed. */
export function isRetryable(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || RETRIED_STATUSES.has(status);
}

function askedDelayMillis(headers: Headers | undefined): number | undefined {
  const millis = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (Number.isFinite(millis)) return millis;
  const value = headers?.get("retry-after") ?? "";
  const seconds = Number.parseFloat(value);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(asked) ? asked : undefined;
}

/**
 * Returns the wait before the next try in milliseconds: as the server asks, else `baseMillis` doubled with each
 * attempt (from 1) and with jitter; at most 60,000.
 */
export function retryDelayMillis(error: unknown, attempt: number, baseMillis: number): number {
  const asked = error instanceof APIError ? askedDelayMillis(error.headers) : undefined;
  const own = baseMillis * 2 ** (attempt - 1) * (0.75 + Math.random() / 4);
  return Math.min(Math.max(asked ?? own, 0), MAX_DELAY_MILLIS);
}

/** Returns the system code of the innermost cause that has one, such as ECONNREFUSED; clients wrap it, some twice. */
export function systemCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") code = at.code;
    else if (at instanceof AggregateError && at.errors.length > 0) code = systemCode(at.errors[0]) ?? code;
  }
  return code;
}

/** Returns the message of the innermost cause: the outer one is often only "fetch failed". */
export function innermostMessage(error: unknown): string {
  let at = error;
  for (let depth = 0; at instanceof Error && at.cause instanceof Error && depth < 8; depth += 1)
    at = at.cause;
  return at instanceof Error ? at.message : String(at);
}

/** Describes a failed request, with the system's code if there is one. */
export function failureText(error: unknown): string {
  if (error instanceof SidecallError) return error.message;
  // The client's message begins with the status.
  if (statusOf(error) !== undefined && error instanceof Error) return error.message;
  const code = systemCode(error);
  const inner = innermostMessage(error);
  const text =
    error instanceof Error && error.message !== inner ? `${errorText(error)} ${inner}` : errorText(error);
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

/** Returns the body of a refusal as the server sent it, or one in OpenAI's shape if it was no JSON object. */
export function refusalBody(error: APIError): unknown {
  const sent = error.error;
  return { error: isObject(sent) ? sent : { message: error.message, type: null, param: null, code: null } };
}
