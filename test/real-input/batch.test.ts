import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import type { BatchRecord } from "../../src/batch/record.ts";
import { tokensOf } from "../../src/mock-server/answer.ts";
import { startMockServer } from "../../src/testing/index.ts";
import { completionOf, line, textOf, writeLines } from "../fixtures/batch.ts";
import { sidecall } from "../fixtures/cli.ts";
import { readJsonLines, scratch } from "../fixtures/scratch.ts";
import { hasRecorded, readRecorded, recordedPath, type Trajectory } from "./recorded.ts";

const ANSWERS = "alpaca-eval-gpt-4o.json.gz";
const TRAJECTORIES = "tau-bench-airline-gpt-4o.json.gz";
const path = scratch();
// Real work, not waiting: about 10 s on two cores.
const TIMEOUT_MILLIS = 120_000;

interface TraceLine {
  readonly parentRunId: string | null;
  readonly metadata: { readonly customId: string };
  readonly tokens: { readonly count: number };
  readonly outputs: {
    readonly generations: readonly (readonly { readonly text: string }[])[];
  };
}

test.skipIf(!hasRecorded(ANSWERS))(
  "sidecall batch writes and traces all 805 recorded answers unchanged",
  async () => {
    const recorded = readRecorded<{ instruction: string; output: string }[]>(ANSWERS);
    expect(recorded).toHaveLength(805);
    const server = await startMockServer({ recorded: recordedPath(ANSWERS), failRate: 0.02 });
    const lines = recorded.map(({ instruction }, i) => line(`a${i}`, instruction, { model: "gpt-4o" }));
    const [output, trace] = [path("answers.jsonl"), path("trace.jsonl")];
    const files = ["--output", output, "--trace", trace];
    const input = writeLines(path("in.jsonl"), lines);
    const args = [input, "--base-url", server.url, ...files, "--concurrency", "32", "--threads", "2"];
    const { code, stdout } = await sidecall("batch", ...args, "--max-retries", "10");
    await server.close();
    expect(code).toBe(0);

    const expected = Object.fromEntries(recorded.map((each, i) => [`a${i}`, each.output]));
    const records = readJsonLines<BatchRecord>(output);
    expect(records).toHaveLength(805);
    expect(Object.fromEntries(records.map((record) => [record.custom_id, textOf(record)]))).toEqual(expected);

    const roots = readJsonLines<TraceLine>(trace);
    const tokenCounts = Object.fromEntries(
      roots.map(({ metadata, tokens }) => [metadata.customId, tokens.count]),
    );
    const texts = roots.map(({ metadata, outputs }) => [
      metadata.customId,
      outputs.generations[0]?.[0]?.text,
    ]);
    expect(roots.filter(({ parentRunId }) => parentRunId === null)).toHaveLength(805);
    expect(Object.fromEntries(texts)).toEqual(expected);
    expect(tokenCounts).toEqual(
      Object.fromEntries(recorded.map((each, i) => [`a${i}`, tokensOf(each.output).length])),
    );

    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    const text = (count: number) => count.toLocaleString("en-US");
    const tokens = sum(Object.values(tokenCounts));
    const retries = server.stats().failuresInjected;
    const promptTokens = sum(recorded.map(({ instruction }) => countTokens(`Human: ${instruction}`)));
    const completionTokens = sum(recorded.map((each) => countTokens(each.output)));
    const row = (...cells: string[]) => new RegExp(`^ +${cells.join(" +")}$`, "m");
    expect(stdout).toMatch(row("runs", "805"));
    expect(stdout).toMatch(row("tokens streamed", text(tokens)));
    expect(stdout).toMatch(row("token-statistics", text(2 * 805), "0", "0", "0"));
    expect(stdout).toMatch(row("json-lines-tracer", text(2 * 805 + tokens + retries), "0", "0", "0"));
    expect(stdout).toMatch(row("gpt-4o", "805", text(promptTokens), "805", text(completionTokens)));
  },
  TIMEOUT_MILLIS,
);

test.skipIf(!hasRecorded(TRAJECTORIES))(
  "sidecall batch writes recorded trajectories turn by turn, tool calls included",
  async () => {
    const trajectories = readRecorded<Trajectory[]>(TRAJECTORIES).slice(0, 20);
    const server = await startMockServer({ recorded: recordedPath(TRAJECTORIES) });
    const turns = new Map<string, { before: Trajectory["traj"]; said: Trajectory["traj"][number] }>();
    for (const { traj } of trajectories) {
      for (const [i, said] of traj.entries()) {
        const before = traj.slice(0, i);
        const key = JSON.stringify(before);
        if (said.role === "assistant" && !turns.has(key)) turns.set(key, { before, said });
      }
    }
    const asked = [...turns.values()];
    const lines = asked.map(({ before }, i) => line(`t${i}`, "", { messages: before }));
    const output = path("turns.jsonl");
    const args = [writeLines(path("turns-in.jsonl"), lines), "--base-url", server.url, "--output", output];
    const { code } = await sidecall("batch", ...args);
    await server.close();
    expect(code).toBe(0);
    const records = new Map(readJsonLines<BatchRecord>(output).map((record) => [record.custom_id, record]));
    expect(asked.length).toBeGreaterThan(100);
    for (const [i, { said }] of asked.entries()) {
      const choice = completionOf(records.get(`t${i}`)).choices[0];
      expect(choice?.message.content ?? "").toBe(said.content ?? "");
      expect(choice?.message.tool_calls ?? []).toEqual(said.tool_calls ?? []);
      expect(choice?.finish_reason).toBe(said.tool_calls ? "tool_calls" : "stop");
    }
  },
  TIMEOUT_MILLIS,
);
