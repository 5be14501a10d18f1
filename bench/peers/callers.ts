import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { newRunId } from "../../src/managers/run-id.ts";
import type { AsyncCallbackManagerForLLMRun } from "../../src/managers/run-managers.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import type CountingHandler from "../handlers/counting.ts";
import { add, type Counts, NOTHING } from "../harness/counts.ts";
import { CountingPort } from "./counting-port.ts";
import { endRecord, startRecord, tokenRecord } from "./records.ts";
import { startRun } from "./sidecall.ts";

/** A way to await that an event is handled. */
export interface Caller {
  readonly name: string;
  /** Whether starts and ends reach a handler, which counts them. */
  readonly countsRuns: boolean;
  /** Sends a run's start. Resolves when it is handled. */
  start(prompt: string): Promise<void>;
  /** Ends the run started last. */
  end(): Promise<void>;
  /** Sends tokens of a run that stays open; does not wait until they are handled. */
  tokens(tokens: readonly string[]): Promise<void>;
  /** Resolves with the handler's counts once everything is handled. */
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
    countsRuns: true,
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
  const send = (record: unknown) => pool.run(record) as Promise<void>;
  const streaming = newRunId();
  await send(startRecord(streaming, ""));
  let runId = "";
  let pending: Promise<void>[] = [];
  return {
    name: "Piscina task, awaited",
    countsRuns: true,
    async start(prompt) {
      runId = newRunId();
      await send(startRecord(runId, prompt));
    },
    end: () => send(endRecord(runId, "")),
    async tokens(tokens) {
      pending.push(...tokens.map((token) => send(tokenRecord(streaming, token))));
    },
    async counts() {
      await Promise.all(pending);
      pending = [];
      return (await pool.run(undefined, { name: "counts" })) as Counts;
    },
    close: () => pool.close(),
  };
}

export const BARE_CALL = "postMessage, bare";

/** A worker behind `postMessage`. `isBare`: a number goes there and back; else a record goes, and a number comes back. */
export async function postedCaller(isBare: boolean): Promise<Caller> {
  const port = new CountingPort();
  const streaming = newRunId();
  await port.call({ awaited: startRecord(streaming, "") });
  let runId = "";
  return {
    name: isBare ? BARE_CALL : "postMessage, answered",
    countsRuns: !isBare,
    async start(prompt) {
      runId = newRunId();
      await port.call(isBare ? prompt.length : { awaited: startRecord(runId, prompt) });
    },
    async end() {
      if (!isBare) await port.call({ awaited: endRecord(runId, "") });
    },
    async tokens(tokens) {
      for (const token of tokens) port.post(tokenRecord(streaming, token));
    },
    counts: () => port.counts(),
    close: () => port.close(),
  };
}
