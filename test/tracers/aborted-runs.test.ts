import { expect, test } from "vitest";
import { type AnyEventRecord, AsyncCallbackManager, ConsoleTracer, InMemoryTracer } from "../../src/index.ts";
import { JSON_RECORDER, lineOf } from "../../src/tracers/json-run.ts";
import { RunTrees } from "../../src/tracers/run-tree.ts";

const reason = new RangeError("the client is gone");

test("every tracer shows which errors an abort caused, and marks no other", async () => {
  const memory = new InMemoryTracer();
  const printed: string[] = [];
  const console = new ConsoleTracer({ stream: { write: (text: string) => printed.push(text) } });
  const trees = new RunTrees(JSON_RECORDER);
  const lines: string[] = [];
  const json = {
    onEvent: (record: AnyEventRecord) => {
      const step = trees.add(record);
      if (step?.isEnd) lines.push(lineOf(step.run));
    },
  };
  const controller = new AbortController();
  const handlers = [memory, console, json];
  const manager = new AsyncCallbackManager({ handlers, signal: controller.signal });
  const [failed, aborted] = [await manager.onToolStart(null, "1"), await manager.onToolStart(null, "2")];
  await failed.onToolError(reason);
  controller.abort(reason);
  await aborted.onToolError(reason);
  expect(memory.runs.map((run) => [run.aborted, "aborted" in run])).toEqual([
    [undefined, false],
    [true, true],
  ]);
  expect(lines.map((line) => JSON.parse(line).aborted)).toEqual([undefined, true]);
  expect(printed.join("")).toMatch(/Failed with error:.*Aborted with error:/s);
});
