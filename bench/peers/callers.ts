import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { newRunId } from "../../src/managers/run-id.ts";
import type { AsyncCallbackManagerForLLMRun } from "../../src/managers/run-managers.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import type CountingHandler from "../handlers/counting.ts";
import { add, type Counts, NOTHING } from "../handlers/counts.ts";
import { CountingPort } from "./counting-port.ts";
import { endRecord, startRecord, tokenRecord } from "./records.ts";
import { startRun } from "./sidecall.ts";

/** One way to be told that an event is handled. */
export interface Caller {
  readonly name: string;
  /** Whether starts and ends reach a handler. */
  readonly tellsRuns: boolean;
  /** Tells of a run's start. Resolves when it is handled. */
  start(prompt: string): Promise<void>;
  /** Ends the run that was started last. */
  end(): Promise<void>;
  /** Gives tokens to a run that is open all the while, without waiting until they are handled. */
  tokens(tokens: readonly string[]): Promise<void>;
  /** What the handler has counted once all is handled. */
  counts(): Promise<Counts>;
  close(): Promise<void>;
}

const HANDLER = new URL("../handlers/counting.js", import.meta.url);
const TASK = fileURLToPath(new URL("../handlers/counting-task.js", import.meta.url));

export const OFF_THREAD_CALL = "off-thread handled";

export async function offThreadCaller(): Promise<Caller> {
  const handler = await offThread<CountingHandler>({ module: HANDLER });
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const streaming = await startRun(manager, "");
  let run: AsyncCallbackManagerForLLMRun | undefined;
  return {
    name: OFF_THREAD_CALL,
    tellsRuns: true,
    async start(prompt) {
      run = await startRun(manager, prompt);
    },
    async end() {
      await run?.onLLMEnd({ generations: [[{ text: "" }]] });
    },
    async tokens(tokens) {
      for (const token of tokens) await streaming.onLLMNewToken(token);
    },
    async counts() {
      await handler.flush();
      return (await handler.remote.counts()).reduce((sum, lane) => add(sum, lane), NOTHING);
    },
    close: () => handler.close(),
  };
}

export async function piscinaCaller(): Promise<Caller> {
  const pool = new Piscina({ filename: TASK, minThreads: 1, maxThreads: 1 });
  const give = (record: unknown) => pool.run(record) as Promise<void>;
  const streaming = newRunId();
  await give(startRecord(streaming, ""));
  let runId = "";
  let given: Promise<void>[] = [];
  return {
    name: "Piscina task, awaited",
    tellsRuns: true,
    async start(prompt) {
      runId = newRunId();
      await give(startRecord(runId, prompt));
    },
    end: () => give(endRecord(runId, "")),
    async tokens(tokens) {
      given.push(...tokens.map((token) => give(tokenRecord(streaming, token))));
    },
    async counts() {
      await Promise.all(given);
      given = [];
      return (await pool.run(undefined, { name: "counts" })) as Counts;
    },
    close: () => pool.close(),
  };
}

export const BARE_CALL = "postMessage, bare";

/** "bare": a number there and back, as little as messages can be. Else the record there, and a word back. */
export async function postedCaller(isBare: boolean): Promise<Caller> {
  const port = new CountingPort();
  const streaming = newRunId();
  await port.ask({ awaited: startRecord(streaming, "") });
  let runId = "";
  return {
    name: isBare ? BARE_CALL : "postMessage, answered",
    tellsRuns: !isBare,
    async start(prompt) {
      runId = newRunId();
      await port.ask(isBare ? prompt.length : { awaited: startRecord(runId, prompt) });
    },
    async end() {
      if (!isBare) await port.ask({ awaited: endRecord(runId, "") });
    },
    async tokens(tokens) {
      for (const token of tokens) port.post(tokenRecord(streaming, token));
    },
    counts: () => port.counts(),
    close: () => port.close(),
  };
}
