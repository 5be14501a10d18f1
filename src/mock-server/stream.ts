import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

/** The speed of an answer. */
export interface Pace {
  /** Milliseconds from the request to the first token. */
  readonly firstTokenMillis: number;
  /** Tokens per second and stream; Infinity for as fast as the connection takes them. */
  readonly tokensPerSecond: number;
}

// Chunks written together when the stream has no pace; other streams get their turn in between.
const CHUNKS_PER_TURN = 16;

/** Flushes, then waits for the pace, for a full connection to drain, or one turn of the loop. Rejects when `gone` is aborted. */
async function yieldTo(response: ServerResponse, waitMillis: number, gone: AbortSignal): Promise<void> {
  response.uncork();
  if (waitMillis > 0) await delay(waitMillis, undefined, { signal: gone });
  else if (response.writableNeedDrain) await once(response, "drain", { signal: gone });
  else await nextTurn(undefined, { signal: gone });
  response.cork();
}

/**
 * Sends chunks as server-sent events and closes with `[DONE]`. Stops at once when the client has gone;
 * returns whether everything was sent.
 */
export async function sendEvents(
  response: ServerResponse,
  chunks: Iterable<object>,
  pace: Pace,
): Promise<boolean> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const startMillis = performance.now() + pace.firstTokenMillis;
  let sent = 0;
  try {
    response.cork();
    for (const chunk of chunks) {
      const waitMillis = startMillis + (sent * 1000) / pace.tokensPerSecond - performance.now();
      if (waitMillis > 0 || sent % CHUNKS_PER_TURN === 0) await yieldTo(response, waitMillis, gone.signal);
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      sent += 1;
    }
    response.end("data: [DONE]\n\n");
    response.uncork();
    return true;
  } catch (error) {
    if (gone.signal.aborted) return false;
    throw error;
  }
}
