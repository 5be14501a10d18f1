import { readFileSync, writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  FileCallbackHandler,
  type FileHandlerOptions,
  fileHandlerModule,
  offThread,
} from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { scratch } from "../fixtures/scratch.ts";
import { collectFailures } from "../placements.ts";

const path = scratch();
const PRINTED = "\n\n> Entering new FakeChain chain...\n\n> Finished chain.\n";

async function runChain(manager: AsyncCallbackManager): Promise<void> {
  const chain = await manager.onChainStart({ name: "FakeChain" }, {});
  await chain.onChainEnd({});
}

function managerOf(...handlers: CallbackHandler[]): AsyncCallbackManager {
  return new AsyncCallbackManager({ handlers, inheritableHandlers: handlers });
}

test("flushed text is in the file, as UTF-8 and without colours", async () => {
  const handler = new FileCallbackHandler({ path: path("constructor"), observationPrefix: "Beobachtung: " });
  const manager = managerOf(handler);
  await runChain(manager);
  const tool = await manager.onToolStart({ name: "t" }, "q");
  await tool.onToolEnd("größer 🚀");
  await handler.flush();
  expect(readFileSync(path("constructor"), "utf8")).toBe(`${PRINTED}\nBeobachtung: größer 🚀`);
  await handler.close();
});

test("appends unless the mode is truncate", async () => {
  writeFileSync(path("modes"), "old");
  for (const [options, expected] of [
    [{}, `old${PRINTED}`],
    [{ mode: "append" }, `old${PRINTED}${PRINTED}`],
    [{ mode: "truncate" }, PRINTED],
  ] as const) {
    const handler = new FileCallbackHandler({ path: path("modes"), ...options });
    await runChain(managerOf(handler));
    await handler.close();
    expect(readFileSync(path("modes"), "utf8")).toBe(expected);
  }
});

test("events after close are reported with a code, each of them, and harm no other handler", async () => {
  const handler = new FileCallbackHandler({ path: path("closed") });
  const heard: string[] = [];
  const manager = managerOf(handler, { onEvent: ({ event }) => void heard.push(event) });
  await runChain(manager);
  await handler.close();
  const failures = await collectFailures(() => runChain(manager));
  const closed = expect.objectContaining({ code: "SIDECALL_CLOSED" });
  expect(failures).toEqual([
    expect.objectContaining({ handler: "FileCallbackHandler", event: "on_chain_start", error: closed }),
    expect.objectContaining({ handler: "FileCallbackHandler", event: "on_chain_end", error: closed }),
  ]);
  expect(heard).toHaveLength(4);
  expect(readFileSync(path("closed"), "utf8")).toBe(PRINTED);
  await handler.close();
});

test.each(["append", "truncate"] as const)("threads share a file in mode %s", async (mode) => {
  const options = { path: path(`threads-${mode}`), mode };
  const placed = await offThread({ module: fileHandlerModule, options }, { threads: 2 });
  await Promise.all(Array.from({ length: 50 }, () => runChain(managerOf(placed))));
  await placed.close();
  const text = readFileSync(options.path, "utf8");
  expect(text.split("> Entering new FakeChain chain...\n")).toHaveLength(51);
  expect(text).toHaveLength(50 * PRINTED.length);
});

test("an unwritable path and a wrong option are refused with a code, off-thread too", async () => {
  const options = { path: path("missing/file") };
  const unwritable = expect.objectContaining({
    code: "SIDECALL_FILE_NOT_WRITABLE",
    message: expect.stringContaining("missing/file"),
  });
  expect(() => new FileCallbackHandler(options)).toThrow(unwritable);
  await expect(offThread({ module: fileHandlerModule, options })).rejects.toMatchObject({
    cause: { message: expect.stringContaining("missing/file") },
  });
  for (const wrong of [{}, { path: 7 }, { path: path("x"), mode: "w" }, { path: path("x"), color: "red" }]) {
    expect(() => new FileCallbackHandler(wrong as unknown as FileHandlerOptions)).toThrow(
      expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }),
    );
  }
});

test("a value that is no text is written as text, and later events are written too", async () => {
  const handler = new FileCallbackHandler({ path: path("odd") });
  const chain = await managerOf(handler).onChainStart({ name: "FakeChain" }, {});
  const texts: unknown[] = [undefined, 42, Symbol("s")];
  for (const text of texts) await chain.onText(text as string);
  await chain.onChainEnd({});
  await handler.close();
  expect(readFileSync(path("odd"), "utf8")).toBe(PRINTED.replace("...\n", "...\nundefined42Symbol(s)"));
});

test("a thread that replaces a dead one appends to the file that the dead one truncated", async () => {
  writeFileSync(path("taken-over"), "old");
  const options: FileHandlerOptions = { path: path("taken-over"), mode: "truncate" };
  const handler = await offThread([{ module: fileHandlerModule, options }, fixture("ThreadKiller")]);
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  await collectFailures(async () => {
    const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
    await chain.onText("before ");
    await handler.flush();
    await chain.onText("exit");
    await chain.onText("after");
    await handler.flush();
  });
  vi.restoreAllMocks();
  const text = readFileSync(path("taken-over"), "utf8");
  expect([text.includes("old"), text.includes("before "), text.endsWith("after")]).toEqual([
    false,
    true,
    true,
  ]);
  await handler.close();
});
