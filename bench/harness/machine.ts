import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { ROOT } from "./paths.ts";

const PACKAGES = ["piscina", "comlink", "@msgpack/msgpack", "uuid"];

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average before the benchmark, see `load()`. */
  readonly load: number;
  readonly platform: string;
  readonly node: string;
  /** By package: sidecall, its dependencies that matter here, and those of external peers. */
  readonly versions: Readonly<Record<string, string>>;
  /** Undefined unless sidecall runs from a clone. */
  readonly commit: string | undefined;
}

/** Load average of the last minute: processes running or runnable, this one included. */
export function load(): number {
  return os.loadavg()[0] ?? 0;
}

function versionIn(folder: URL): string {
  const { version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  return String(version);
}

/** Finds the folder that Node would resolve the package to: below sidecall or beside it. */
function packageFolder(name: string): URL | undefined {
  for (let folder = ROOT; ; folder = new URL("../", folder)) {
    const candidate = new URL(`node_modules/${name}/`, folder);
    if (existsSync(new URL("package.json", candidate))) return candidate;
    if (new URL("../", folder).href === folder.href) return undefined;
  }
}

function packageVersions(names: readonly string[]): [name: string, version: string][] {
  return names.flatMap((name) => {
    const folder = packageFolder(name);
    return folder === undefined ? [] : [[name, versionIn(folder)]];
  });
}

function commit(): string | undefined {
  // Without this check git would report the commit of the project that sidecall is installed in.
  if (!existsSync(new URL(".git", ROOT))) return undefined;
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return undefined;
  }
}

/** Describes the machine. `packages`: names of further packages whose versions to record. */
export function describeMachine(packages: readonly string[]): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: load(),
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    node: process.version,
    versions: Object.fromEntries([
      ["sidecall", versionIn(ROOT)],
      ...packageVersions([...PACKAGES, ...packages]),
    ]),
    commit: commit(),
  };
}
