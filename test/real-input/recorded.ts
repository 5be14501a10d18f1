import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { ChatMessage } from "../../src/index.ts";

/** Recorded conversations, where this machine has them: beside the repository. */
const DATA = new URL("../../../../shared/data/", import.meta.url);

export interface Trajectory {
  readonly traj: readonly (ChatMessage & {
    tool_calls?: readonly ToolCall[] | null;
    tool_call_id?: string;
  })[];
}
export interface ToolCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

export function hasRecorded(name: string): boolean {
  return existsSync(new URL(name, DATA));
}

export function readRecorded<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, DATA))).toString()) as T;
}

export function recordedPath(name: string): string {
  return fileURLToPath(new URL(name, DATA));
}
