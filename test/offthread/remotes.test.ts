import { expect, expectTypeOf, test } from "vitest";
import {
  fileHandlerModule,
  type HandlerModule,
  inMemoryTracerModule,
  type OffThreadHandler,
  offThread,
  type Remote,
  type TokenReport,
  type TracedRun,
  tokenStatisticsModule,
  type UntypedHandler,
} from "../../src/index.ts";
import { HANDLERS } from "../fixtures/modules.ts";
import { scratch } from "../fixtures/scratch.ts";

const path = scratch()("log.txt");

test("remotes throw a coded error that lists the names, for a name that no handler has", async () => {
  const handler = await offThread([
    { module: HANDLERS, export: "Recorder", name: "audit" },
    { module: HANDLERS, export: "Recorder", name: "trace" },
  ]);
  const remotes: Readonly<Record<string, Remote<UntypedHandler>>> = handler.remotes;
  expect(await remotes["audit"]?.["take"]?.()).toEqual([[]]);
  expect(() => remotes["typo"]).toThrow(
    expect.objectContaining({
      code: "SIDECALL_REMOTE_HANDLER",
      message: expect.stringMatching(/audit, trace; got `typo`/),
    }),
  );
  // These read `then` and `toJSON`.
  expect(await Promise.resolve(handler.remotes)).toBe(handler.remotes);
  expect(JSON.stringify(handler.remotes)).toBe('{"audit":{},"trace":{}}');
  await handler.close();
});

test("remotes have the types of the handlers that the specs name", async () => {
  const mine = HANDLERS as HandlerModule<{ take(): string[] }>;
  const handler = await offThread([
    { module: tokenStatisticsModule, name: "tokens" },
    { module: inMemoryTracerModule, name: "runs" },
    { module: mine, export: "Recorder", name: "mine" },
  ]);
  const { remotes } = handler;
  expectTypeOf(remotes.tokens.report).returns.resolves.toEqualTypeOf<TokenReport[]>();
  expectTypeOf(remotes.runs.takeRuns).returns.resolves.toEqualTypeOf<TracedRun[][]>();
  expectTypeOf(remotes.mine.take).returns.resolves.toEqualTypeOf<string[][]>();
  // @ts-expect-error: no spec has this name.
  expect(() => remotes.typo).toThrow("typo");
  expect(await remotes.runs.takeRuns()).toEqual([[]]);
  await handler.close();
});

test("remotes of specs without names accept any name in their type", async () => {
  const handler = await offThread([{ module: HANDLERS, export: "Recorder" }]);
  expect(await handler.remotes["Recorder"]?.["take"]?.()).toEqual([[]]);
  await handler.close();
});

test("a handler with typed remotes fits a variable that knows none", async () => {
  const handler: OffThreadHandler = await offThread([
    { module: fileHandlerModule, name: "file", options: { path } },
  ]);
  expectTypeOf(handler.remote).toEqualTypeOf<Remote<UntypedHandler>>();
  await handler.close();
});
