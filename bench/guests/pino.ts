import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Logger, pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import { Counter } from "../harness/counts.ts";
import type { Chat, Peer, Send } from "../harness/peer.ts";

const TARGET = new URL("./pino-target.js", import.meta.url).href;

/** A line of the log: a run's start with `prompt`, its end with `answer`, or a token in `msg`. */
interface Line {
  readonly msg: string;
  readonly prompt?: string;
  readonly answer?: string;
}

/** Counts the lines of the file and empties it. */
function countLines(path: string, counter: Counter): void {
  const lines = readFileSync(path, "utf8").split("\n");
  truncateSync(path);
  for (const text of lines.slice(0, -1)) {
    const { msg, prompt, answer }: Line = JSON.parse(text);
    if (prompt !== undefined) counter.start(prompt);
    else if (answer !== undefined) counter.end(answer);
    else counter.token(msg);
  }
}

function startRun(logger: Logger, prompt: string): Logger {
  const run = logger.child({ runId: uuidv7() });
  run.info({ prompt }, "start");
  return run;
}

export const PINO = "pino, worker transport";

/**
 * pino with a worker transport that writes to a file: a line per event, with time, run and text. The run's id is
 * serialised once per run. An event counts as delivered once its line is in the file.
 */
export async function pinoPeer(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "sidecall-bench-"));
  const path = join(folder, "lines.jsonl");
  const transport = pino.transport({ target: TARGET, options: { path } });
  await once(transport, "ready");
  const logger = pino({ base: null }, transport);
  const flush: () => Promise<void> = promisify(transport.flush.bind(transport));
  const counter = new Counter();
  return {
    name: PINO,
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const run = startRun(logger, "");
      return async () => {
        for (const token of tokens) await run.info(token);
      };
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      return async () => {
        for (const { instruction, tokens, answer } of chats) {
          const run = startRun(logger, instruction);
          for (const token of tokens) await run.info(token);
          await run.info({ answer }, "end");
        }
      };
    },
    delivered: flush,
    async counts() {
      await flush();
      countLines(path, counter);
      return [counter.counts()];
    },
    async close() {
      // The transport's thread is unref'd: without a timer the process might exit before it has ended.
      const hold = setInterval(() => {}, 1000);
      const closed = once(transport, "close");
      transport.end();
      await closed;
      clearInterval(hold);
      rmSync(folder, { recursive: true });
    },
  };
}
