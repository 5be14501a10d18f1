import { SidecallError } from "../common/errors.ts";
import { innermostMessage, systemCode } from "./failures.ts";

const PROBE_MILLIS = 10_000;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up now",
  ETIMEDOUT: "no answer came",
  EHOSTUNREACH: "there is no way to that host",
};

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${PROBE_MILLIS} ms`;
  const code = systemCode(error);
  if (code === undefined) return `the request failed: ${innermostMessage(error)}`;
  const reason = REASONS[code];
  return reason === undefined ? code : `${reason} (${code})`;
}

/**
 * Checks once that a server answers at all, with any HTTP status.
 * Rejects with SIDECALL_SERVER_UNREACHABLE, or with the signal's reason.
 */
export async function probeServer(baseUrl: string, signal: AbortSignal): Promise<void> {
  const probe = new AbortController();
  const stop = () => probe.abort(signal.reason);
  const timer = setTimeout(() => probe.abort(new DOMException("", "TimeoutError")), PROBE_MILLIS);
  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, { signal: probe.signal });
    await response.body?.cancel();
  } catch (error) {
    signal.throwIfAborted();
    const message = `Expected a model server at ${baseUrl}, but ${reasonOf(error)}; start it or correct the base URL`;
    throw new SidecallError("SIDECALL_SERVER_UNREACHABLE", message, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
