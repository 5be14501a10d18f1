import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { ROOT } from "./paths.ts";

const PACKAGES = ["piscina", "comlink", "@msgpack/msgpack", "uuid", "@langchain/core", "benchmark"];

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** `load()` before the benchmark. */
  readonly load: number;
  readonly platform: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
}

/** Processes that run or want to, averaged over the last minute, this one included. */
export function load(): number {
  return os.loadavg()[0] ?? 0;
}

function packageVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(new URL(`${folder}package.json`, ROOT), "utf8"));
  return String(version);
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return "unknown";
  }
}

export function describeMachine(): Machine {
  const versions = PACKAGES.map((name) => [name, packageVersion(`node_modules/${name}/`)]);
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: load(),
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    node: process.version,
    versions: Object.fromEntries([["sidecall", packageVersion("")], ...versions]),
    commit: commit(),
  };
}
