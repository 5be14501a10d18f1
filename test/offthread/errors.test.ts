import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type HandlerFailure,
  offThread,
  onHandlerError,
  SidecallError,
} from "../../src/index.ts";
import { reviveError } from "../../src/wire/errors.ts";
import {
  ERRORS,
  type Erring,
  type ErringOptions,
  type ErrorKind,
  QuotaError,
} from "../fixtures/handlers/erring.ts";
import { fixture } from "../fixtures/modules.ts";
import { PLACEMENTS } from "../placements.ts";

/* An error that a handler throws arrives as the same error, whatever its way out of the thread. */

const KINDS = Object.keys(ERRORS) as ErrorKind[];
const ORDERINGS = ["trace", "none"] as const;

/** Classes that both sides of a thread have; own ones arrive by name, below the nearest of these. */
const SHARED = [SidecallError, AggregateError, DOMException, TypeError, RangeError, Error];

function ownProperties(error: Error): object {
  return { ...error, name: error.name, message: error.message, stack: undefined };
}

function expectSame(error: unknown, kind: ErrorKind): void {
  const made = ERRORS[kind]();
  expect(error).toBeInstanceOf(SHARED.find((Class) => made instanceof Class));
  if (!(error instanceof Error)) throw new Error("no error");
  expect(error.constructor.name).toBe(made.constructor.name);
  expect(ownProperties(error)).toEqual(ownProperties(made));
  expect(Reflect.get(error, "code")).toBe(Reflect.get(made, "code"));
  expect(error.stack).toContain(made.message);
  expect(inspect(error)).not.toContain("[cause]: null");
  if (made.cause === undefined) expect(error.cause).toBeUndefined();
  else expect(error.cause).toMatchObject({ message: (made.cause as Error).message });
  if (made instanceof AggregateError) {
    const { errors } = error as AggregateError;
    expect(errors.map((each) => each.constructor.name)).toEqual([QuotaError.name, SidecallError.name]);
    expect(errors[0]).toMatchObject({ status: 429, limits: { perMinute: 60 } });
    expect(errors[1]).toBeInstanceOf(SidecallError);
    expect(Object.keys(error)).not.toContain("errors");
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([promise]);
  if (result?.status === "rejected") return result.reason;
  throw new Error("the promise did not reject");
}

/** Resolves with the next failure that is reported; that of a queued event comes later than the promise of its call. */
function nextFailure(): Promise<HandlerFailure> {
  return new Promise((resolve) => {
    const previous = onHandlerError((failure) => {
      onHandlerError(previous);
      resolve(failure);
    });
  });
}

describe.each(PLACEMENTS)("a handler placed $name", (placement) => {
  test.each([false, true])("fails with the errors it throws, raiseError: %s", async (raiseError) => {
    const placed = await placement.place("Erring", { raiseError } satisfies ErringOptions);
    const run = await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
    for (const kind of KINDS) {
      const failure = nextFailure();
      if (raiseError) expectSame(await rejection(run.onText(kind)), kind);
      else await run.onText(kind);
      expectSame((await failure).error, kind);
    }
    await placed.close();
  });
});

describe.each(ORDERINGS)("with ordering %s", (ordering) => {
  const place = (options: ErringOptions = {}) =>
    offThread<Erring>({ ...fixture("Erring"), options }, { ordering });

  test("flush, close and calls reject with the error that the handler threw", async () => {
    const handler = await place({ closing: "aggregate" });
    for (const kind of KINDS) {
      await handler.remote.failAtFlush(kind);
      expectSame(await rejection(handler.flush()), kind);
      expectSame(await rejection(handler.remote.call(kind)), kind);
    }
    expectSame(await rejection(handler.close()), "aggregate");
  });

  test("an error in the result of a call arrives as itself, once", async () => {
    const handler = await place();
    for (const kind of KINDS) {
      const [held] = await handler.remote.held(kind);
      expectSame(held?.first, kind);
      expect(held?.byName.get("again")).toBe(held?.first);
      expect(held?.url).toEqual(new URL("https://example.com/a"));
    }
    await handler.close();
  });

  test("an error as an argument of a call has the classes of the handler's thread", async () => {
    const handler = await place();
    const coded = new SidecallError("SIDECALL_CLOSED", "mine");
    expect(await handler.remote.describe(coded)).toEqual([[true, false, "mine", "SIDECALL_CLOSED"]]);
    const builtIn = Object.assign(new TypeError("mine"), { code: 7 });
    expect(await handler.remote.describe(builtIn)).toEqual([[false, true, "mine", 7]]);
    await handler.close();
  });

  test.each(["own", "sidecall", "cause undefined"] as const)(
    "a class that throws when it is made gives its error as cause: %s",
    async (making) => {
      const error = await rejection(place({ making }));
      expect(error).toBeInstanceOf(SidecallError);
      expect(error).toMatchObject({ code: "SIDECALL_FACTORY_FAILED" });
      expectSame((error as SidecallError).cause, making);
    },
  );

  test("errors of the package itself are SidecallErrors, without a cause where there is none", async () => {
    const handler = await offThread(fixture("plain"), { ordering });
    const absent = await rejection(handler.remote["absent"]?.() ?? Promise.resolve());
    const noHandler = await rejection(offThread(fixture("notAHandler"), { ordering }));
    for (const error of [absent, noHandler]) {
      expect(error).toBeInstanceOf(SidecallError);
      expect(inspect(error)).not.toContain("cause");
    }
    await handler.close();
  });
});

test("own error classes are made again by name, up to a limit; beyond it the nearest shared class stands in", () => {
  const revived = Array.from({ length: 1100 }, (_, i) =>
    reviveError(["Error", "m", null, null, {}, [`Own${i}`, "TypeError"]]),
  );
  expect(revived.every((error) => error instanceof TypeError)).toBe(true);
  expect(revived[0]?.constructor.name).toBe("Own0");
  expect(revived[1099]?.constructor.name).toBe("TypeError");
});
