import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { ROOT } from "./paths.ts";

const PACKAGES = ["piscina", "comlink", "@msgpack/msgpack", "uuid"];

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** `load()` before the benchmark. */
  readonly load: number;
  readonly platform: string;
  readonly node: string;
  /** Of sidecall and of packages that have to do with it. */
  readonly versions: Readonly<Record<string, string>>;
  /** Undefined where sidecall is no clone. */
  readonly commit: string | undefined;
}

/** Processes that run or want to, averaged over the last minute, this one included. */
export function load(): number {
  return os.loadavg()[0] ?? 0;
}

function versionIn(folder: URL): string {
  const { version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  return String(version);
}

/** A package may lie beside sidecall as well as below it. */
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
  // Else it would be the commit of whatever sidecall is installed in.
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

/** `packages`: whose versions to record besides sidecall's own. */
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
