import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SidecallError } from "../common/errors.ts";
import { run as runBatchCommand } from "./batch-command.ts";
import { parseCommandLine } from "./usage.ts";

export const HELP = `sidecall demo

  Starts the mock server, sends it the prompts that ship as a batch with token statistics and a trace, and shows the
  results. Needs no network and no key.
`;

/** This program, which runs the mock server in a process of its own. */
const PROGRAM = process.argv[1] ?? "";
const PROMPTS = fileURLToPath(new URL("../../../examples/prompts.jsonl", import.meta.url));
const SERVER_ARGS = ["--tokens-per-second", "300", "--first-token-millis", "40", "--fail-rate", "0.02"];
const LINES_SHOWN = 2;
const CHARACTERS_SHOWN = 400;

/** Starts the mock server in a process of its own, so that its work does not count as the batch's. */
async function startServer(): Promise<{ process: ChildProcess; url: string }> {
  const server = fork(PROGRAM, ["mock-server", ...SERVER_ARGS], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  if (server.stdout !== null) {
    for await (const line of createInterface({ input: server.stdout })) {
      const url = /http\S+/.exec(line)?.[0];
      if (url !== undefined) return { process: server, url };
    }
  }
  throw new SidecallError(
    "SIDECALL_SERVER_UNREACHABLE",
    "Expected the mock server to start, but its process ended",
  );
}

async function show(title: string, path: string): Promise<void> {
  process.stdout.write(`\n${title} (${path})\n`);
  let shown = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    process.stdout.write(
      `  ${line.length > CHARACTERS_SHOWN ? `${line.slice(0, CHARACTERS_SHOWN)}…` : line}\n`,
    );
    shown += 1;
    if (shown === LINES_SHOWN) return;
  }
}

export async function run(args: readonly string[]): Promise<number> {
  parseCommandLine({ args: [...args], options: {} });
  const folder = await mkdtemp(join(tmpdir(), "sidecall-demo-"));
  const [output, trace] = [join(folder, "answers.jsonl"), join(folder, "trace.jsonl")];
  const server = await startServer();
  try {
    const batch = [
      PROMPTS,
      "--base-url",
      server.url,
      "--output",
      output,
      "--trace",
      trace,
      "--concurrency",
      "32",
    ];
    process.stdout.write(`sidecall batch ${batch.join(" ")}\n\n`);
    const exitCode = await runBatchCommand(batch);
    await show("First answers", output);
    await show("First traces", trace);
    return exitCode;
  } finally {
    if (server.process.exitCode === null) {
      server.process.kill();
      await once(server.process, "exit");
    }
  }
}
