import { expect, test } from "vitest";
import { type HandlerSpec, type OffThreadOptions, offThread, SidecallError } from "../../src/index.ts";
import { fixture, HANDLERS, MISSING } from "../fixtures/modules.ts";
import { countThreads } from "../support/threads.ts";

async function failure(
  specs: HandlerSpec | HandlerSpec[],
  options?: OffThreadOptions,
): Promise<SidecallError> {
  try {
    await offThread(specs, options);
  } catch (error) {
    if (error instanceof SidecallError) return error;
    throw error;
  }
  throw new Error("offThread did not reject");
}

test.each([
  ["trace", 2],
  ["none", 2],
] as const)(
  "offThread rejects with a code when a handler cannot be loaded, ordering %s",
  async (ordering, threads) => {
    const options = { ordering, threads };
    const missing = await failure({ module: MISSING }, options);
    expect(missing.code).toBe("SIDECALL_MODULE_FAILED");
    expect(missing.message).toContain("missing.js");
    expect(missing.cause).toBeInstanceOf(Error);

    const noExport = await failure(fixture("absent"), options);
    expect(noExport.code).toBe("SIDECALL_NOT_A_HANDLER");
    expect(noExport.message).toMatch(/`absent`.*Recorder/);

    const noHandler = await failure(fixture("notAHandler"), options);
    expect(noHandler.code).toBe("SIDECALL_NOT_A_HANDLER");

    const unreadable = await failure(fixture("unreadableFlag"), options);
    expect(unreadable.code).toBe("SIDECALL_NOT_A_HANDLER");
    expect(unreadable.message).toMatch(/handlers\.js.*the flag is broken/);

    for (const name of ["ThrowingConstructor", "throwingFactory"]) {
      const threw = await failure(fixture(name), options);
      expect(threw.code).toBe("SIDECALL_FACTORY_FAILED");
      expect(threw.message).toContain("handlers.js");
      expect(threw.cause).toMatchObject({ message: "cannot create the handler" });
    }

    const exited = await failure(fixture("exitingFactory"), options);
    expect(exited.code).toBe("SIDECALL_LANE_DIED");
  },
);

test.skipIf(countThreads() === 0)("a handler that cannot be loaded leaves no thread behind", async () => {
  await failure({ module: MISSING }, { threads: 4 });
  const before = countThreads();
  for (const ordering of ["trace", "none"] as const) {
    await failure({ module: MISSING }, { threads: 4, ordering });
    await failure([fixture("plain"), fixture("ThrowingConstructor")], { threads: 4, ordering });
    await failure(fixture("exitingFactory"), { ordering });
  }
  await expect.poll(countThreads).toBeLessThanOrEqual(before);
});

test("an error for options that cannot be cloned names their path", async () => {
  const rules = [{ test: 1 }, { test: { deep: () => true } }];
  const error = await failure(fixture("factory", { rules }));
  expect(error.code).toBe("SIDECALL_OPTION_NOT_CLONEABLE");
  expect(error.message).toContain("`options.rules[1].test.deep`");
  const whole = await failure(fixture("factory", () => 1));
  expect(whole.message).toContain("`options`");
});

test.each([
  [{ threads: 0 }, "threads"],
  [{ threads: 1.5 }, "threads"],
  [{ threads: 257 }, "threads"],
  [{ ordering: "random" }, "ordering"],
  [{ acknowledge: "later" }, "acknowledge"],
  [{ overflow: "explode" }, "overflow"],
  [{ ringBytes: 10 }, "ringBytes"],
  [{ maxBufferedBytes: -1 }, "maxBufferedBytes"],
  [{ handlerTimeoutMillis: 0 }, "handlerTimeoutMillis"],
  [{ handlerTimeoutMillis: Number.NaN }, "handlerTimeoutMillis"],
  [{ handlerTimeoutMillis: 2 ** 31 }, "handlerTimeoutMillis"],
  [{ thread: 2 }, "thread"],
])("an error for options %o names the invalid one", async (options, name) => {
  const error = await failure(fixture("plain"), options as OffThreadOptions);
  expect(error.code).toBe("SIDECALL_OPTION_INVALID");
  expect(error.message).toMatch(new RegExp(`\`${name}\``));
});

test("specs without the URL of a module are refused", async () => {
  for (const spec of [[], { module: "./relative.js" }, { module: 7 }, { modul: HANDLERS }, undefined]) {
    const error = await failure(spec as unknown as HandlerSpec);
    expect(error.code).toBe("SIDECALL_OPTION_INVALID");
  }
});

test("handlers with the same name are refused", async () => {
  const error = await failure([fixture("Recorder"), fixture("Recorder")]);
  expect(error.code).toBe("SIDECALL_OPTION_INVALID");
  expect(error.message).toContain("`Recorder`");
});

test("a handler whose name is not a string is called `handler`", async () => {
  const handler = await offThread(fixture("nonStringName"));
  expect(handler.name).toBe("handler");
  await handler.close();
});

test("an export may be a handler, a class or a factory; a factory gets options and context", async () => {
  const handler = await offThread(
    [
      { ...fixture("plain"), name: "plain" },
      { ...fixture("Recorder"), name: "class" },
      { ...fixture("factory", { redact: true }), name: "factory" },
    ],
    { threads: 2 },
  );
  expect(handler.name).toBe("plain+class+factory");
  const called = await handler.remotes["factory"]?.["called"]?.();
  expect(called).toEqual([
    { options: { redact: true }, context: { lane: 0, threads: 2, restarts: 0 } },
    { options: { redact: true }, context: { lane: 1, threads: 2, restarts: 0 } },
  ]);
  expect(await handler.remotes["plain"]?.["sum"]?.(2, 3)).toEqual([5, 5]);
  await handler.close();
});

test.each(["trace", "none"] as const)(
  "a remote method's errors reach the caller, with ordering %s",
  async (ordering) => {
    const handler = await offThread<{ fail(): void; absent(): void }>(fixture("plain"), { ordering });
    await expect(handler.remote.fail()).rejects.toMatchObject({
      message: "failed remotely",
      code: "E_REMOTE",
    });
    await expect(handler.remote.absent()).rejects.toMatchObject({ code: "SIDECALL_REMOTE_METHOD" });
    await handler.close();
    await expect(handler.remote.fail()).rejects.toMatchObject({ code: "SIDECALL_CLOSED" });
  },
);
