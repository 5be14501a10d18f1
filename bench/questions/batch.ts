import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchResult, BatchTask } from "../children/batch-job.ts";
import { runChild } from "../harness/child.ts";
import { spread } from "../harness/corpus.ts";
import { delayReadings } from "../harness/loop-delay.ts";
import type { Chat } from "../harness/peer.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, named, type Reading, type Trial } from "../harness/rounds.ts";
import { inlineName, NO_HANDLER, offThreadName } from "../peers/sidecall.ts";
import { YIELDING } from "../peers/yielding.ts";

/** The two batches: as fast as the server answers, and at a pace at which the main thread is idle in between. */
const WAYS = {
  "full speed": { requests: { full: 600, quick: 8 }, tokensPerSecond: undefined },
  paced: { requests: { full: 60, quick: 4 }, tokensPerSecond: { full: 400, quick: 4_000 } },
} as const;
export const BATCH_WAYS = Object.keys(WAYS);
const SERVER = new URL("../children/mock-server.js", import.meta.url);
const CONCURRENCY = 16;
const REQUESTS = "requests.jsonl";
/** Each measurement is a process: more rounds would take too long. */
const MAX_ROUNDS = 3;
export const BATCH_OFF_THREAD = offThreadName(2);
const PEERS: Readonly<Record<BatchTask["placement"], string>> = {
  none: NO_HANDLER,
  inline: inlineName(2),
  yielding: YIELDING,
  "off-thread": BATCH_OFF_THREAD,
};
const PLACEMENTS = Object.keys(PEERS) as BatchTask["placement"][];

/** A batch and the mock server with recorded answers to it. */
class Batch {
  readonly #way: string;
  readonly #chats: readonly Chat[];
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #baseUrl: string;
  #jobs = 0;

  private constructor(
    way: string,
    chats: readonly Chat[],
    folder: string,
    server: ChildProcess,
    url: string,
  ) {
    this.#way = way;
    this.#chats = chats;
    this.#folder = folder;
    this.#server = server;
    this.#baseUrl = url;
  }

  /** Starts the server. `tokensPerSecond`: per answer. @default as fast as the connection takes them */
  static async open(way: string, chats: readonly Chat[], tokensPerSecond?: number): Promise<Batch> {
    const folder = mkdtempSync(join(tmpdir(), "sidecall-bench-"));
    writeLines(join(folder, REQUESTS), chats.map(requestOf));
    const recorded = join(folder, "recorded.jsonl");
    writeLines(
      recorded,
      chats.map(({ instruction, answer }) => ({ instruction, output: answer })),
    );
    const server = fork(
      SERVER,
      tokensPerSecond === undefined ? [recorded] : [recorded, `${tokensPerSecond}`],
    );
    const ended = once(server, "exit").then(([code]) => {
      throw new Error(`Expected the mock server to send its URL, but it exited with ${code}.`);
    });
    const [url] = await Promise.race([once(server, "message"), ended]);
    return new Batch(way, chats, folder, server, url);
  }

  /** Runs the batch in a process of its own. */
  async run(placement: BatchTask["placement"]): Promise<Reading[]> {
    this.#jobs += 1;
    const result = await runChild<BatchTask, BatchResult>("batch-job", {
      placement,
      input: this.#path(REQUESTS),
      output: this.#path("output.jsonl"),
      trace: this.#path(`trace-${this.#jobs}.jsonl`),
      baseUrl: this.#baseUrl,
      concurrency: CONCURRENCY,
    });
    this.#check(placement, result);
    return named(this.#way, readingsOf(result));
  }

  async close(): Promise<void> {
    const ended = once(this.#server, "exit");
    this.#server.disconnect();
    await ended;
    rmSync(this.#folder, { recursive: true });
  }

  /** Throws unless every request has a completion and the handlers counted all of them. */
  #check(placement: BatchTask["placement"], { done, failed, traceLines, tokens }: BatchResult) {
    const requests = this.#chats.length;
    const answered = this.#chats.reduce((sum, chat) => sum + chat.tokens.length, 0);
    const { texts, completionTokens } = tokens?.models["bench"] ?? { texts: 0, completionTokens: 0 };
    // The corpus is cut into tokens by the tokenizer that the handler counts with; the server's tokens may differ.
    const expected = { done: requests, failed: 0, ...handled(placement, requests, answered) };
    const received = { done, failed, traceLines, texts, completionTokens };
    if (JSON.stringify(received) === JSON.stringify(expected)) return;
    throw new Error(`Expected ${JSON.stringify(expected)} of the batch, got ${JSON.stringify(received)}.`);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

function handled(placement: BatchTask["placement"], requests: number, tokens: number) {
  if (placement === "none") return { traceLines: 0, texts: 0, completionTokens: 0 };
  return { traceLines: requests, texts: requests, completionTokens: tokens };
}

function requestOf({ instruction: content }: Chat, i: number): object {
  const body = { model: "bench", messages: [{ role: "user", content }] };
  return { custom_id: String(i), method: "POST", url: "/v1/chat/completions", body };
}

function writeLines(path: string, values: readonly object[]): void {
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

function readingsOf({ totalCpuMillis, jobCpuMillis, wallMillis, delay }: BatchResult): Reading[] {
  const millis = { "total CPU": totalCpuMillis, "job CPU": jobCpuMillis, wall: wallMillis };
  const times = Object.entries(millis).map(([metric, value]) => ({ metric, unit: "ms", value }));
  return [...times, ...delayReadings(delay)];
}

export const batch: Question = {
  name: "batch",
  asks: "What does a whole batch of requests cost, with token statistics and a tracer? (A process for each; the model server is another.)",
  base: YIELDING,
  async answer({ corpus }, profile) {
    const size = profile.name;
    const batches: Batch[] = [];
    try {
      for (const [way, { requests, tokensPerSecond }] of Object.entries(WAYS)) {
        const chats = spread(corpus.chats, requests[size]);
        batches.push(await Batch.open(way, chats, tokensPerSecond?.[size]));
      }
      const trials = PLACEMENTS.map((placement): Trial => {
        const measure = async () => {
          const readings: Reading[] = [];
          for (const one of batches) readings.push(...(await one.run(placement)));
          return readings;
        };
        return { peer: PEERS[placement], isWarm: true, measure };
      });
      return await inRounds(trials, { ...profile, rounds: Math.min(profile.rounds, MAX_ROUNDS) });
    } finally {
      await Promise.all(batches.map((one) => one.close()));
    }
  },
};
