#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { runAsProcess } from "./process.ts";
import { type Command, EXIT, usageError } from "./usage.ts";

// Imported on demand: only some commands need `openai` and the tokenizer.
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  batch: () => import("./batch-command.ts"),
  "mock-server": () => import("./mock-server-command.ts"),
  demo: () => import("./demo-command.ts"),
  bench: () => import("./bench-command.ts"),
};

const HELP = `sidecall <command> [options]

  batch          send a file of prompts to a model server, every run traced
  mock-server    a server that speaks like a model, for demos and tests
  demo           both together, on the prompts that ship
  bench          what callbacks cost on this machine, and what moving a handler of your own would save

  sidecall <command> --help lists a command's options; sidecall --version prints the version.

Exit codes: 0 all went well, 1 some lines failed or were not handled in time, 2 the command line or an option is wrong,
3 the model server cannot be reached, 4 something else broke, 130 and 143 stopped by SIGINT and SIGTERM.
`;

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}

async function runCommand([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) throw usageError(`Expected a command: ${Object.keys(COMMANDS).join(", ")}`);
  if (name === "--help" || name === "-h") process.stdout.write(HELP);
  else if (name === "--version") process.stdout.write(`${version()}\n`);
  else {
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (load === undefined) {
      throw usageError(
        `Expected a command (${Object.keys(COMMANDS).join(", ")}), got ${JSON.stringify(name)}`,
      );
    }
    const command = await load();
    if (!args.includes("--help") && !args.includes("-h")) return command.run(args);
    process.stdout.write(command.HELP);
  }
  return EXIT.ok;
}

await runAsProcess(() => runCommand(process.argv.slice(2)));
