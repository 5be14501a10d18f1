import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { anySignal, onAbort, untilAborted } from "../../src/common/signals.ts";
import { AsyncCallbackManager, streamEvents, withContext } from "../../src/index.ts";
import { collectGarbage } from "../support/garbage.ts";
import { recorder } from "../support/recorder.ts";

const PROGRAM = fileURLToPath(new URL("../fixtures/signals-program.js", import.meta.url));

/** A leak of a run's own objects is far larger; Node.js 22 itself keeps some hundred bytes for each composite signal. */
const MAX_BYTES_PER_USE = 700;

interface Left {
  readonly listeners: number;
  readonly warnings: number;
  readonly bytesPerUse: number;
}

test("thousands of runs, groups, streams, contexts and iterations under one signal leave nothing behind", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM]);
  const left = Object.entries(JSON.parse(stdout) as Record<string, Left>);
  expect(left).toHaveLength(8);
  for (const [kind, { listeners, warnings, bytesPerUse }] of left) {
    expect({ kind, listeners, warnings }).toEqual({ kind, listeners: 0, warnings: 0 });
    expect(bytesPerUse, kind).toBeLessThan(MAX_BYTES_PER_USE);
  }
}, 120_000);

test.skipIf(!process.versions.node.startsWith("20."))(
  "what Node.js 20 keeps in a signal for each composite that is gone is removed",
  async () => {
    const { signal } = new AbortController();
    const followers = () => {
      const key = Object.getOwnPropertySymbols(signal).find(
        (each) => each.description === "kDependantSignals",
      );
      return key === undefined ? 0 : (Reflect.get(signal, key) as Set<unknown>).size;
    };
    for (let i = 0; i < 500; i += 1) anySignal(signal, new AbortController().signal);
    expect(followers()).toBe(500);
    await expect
      .poll(async () => {
        await collectGarbage();
        return followers();
      })
      .toBeLessThan(10);
  },
);

/** A signal as a polyfill has it: no AbortSignal, and without a reason unless one is given. */
class PolyfilledSignal extends EventTarget {
  aborted = false;
  reason: unknown;

  abort(reason?: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.dispatchEvent(new Event("abort"));
  }
}

function polyfilled(): { foreign: PolyfilledSignal; signal: AbortSignal } {
  const foreign = new PolyfilledSignal();
  return { foreign, signal: foreign as unknown as AbortSignal };
}

test("a signal that is no AbortSignal of this realm cancels managers, runs, contexts and streams", async () => {
  const { foreign, signal } = polyfilled();
  const handler = recorder();
  const manager = AsyncCallbackManager.configure({ inheritable: [handler], signal });
  const own = polyfilled();
  const run = await manager.onChainStart(null, {}, { signal: own.signal });
  const inContext = withContext({ signal }, () => AsyncCallbackManager.configure());
  const stream = streamEvents(() => new Promise(() => undefined), { signal });
  const next = stream.next();
  own.foreign.abort("enough");
  await expect(run.onText("x")).rejects.toBe("enough");
  foreign.abort();
  for (const rejected of [manager.onChainStart(null, {}), inContext.onChainStart(null, {}), next]) {
    await expect(rejected).rejects.toMatchObject({ name: "AbortError" });
  }
  await run.onChainEnd({});
  expect(handler.records.map(({ event }) => event)).toEqual(["on_chain_start", "on_chain_end"]);
});

test("a foreign signal that is aborted already refuses a start with its reason", async () => {
  const { foreign, signal } = polyfilled();
  foreign.abort(new RangeError("too late"));
  await expect(new AsyncCallbackManager({ signal }).onChainStart(null, {})).rejects.toThrow("too late");
});

test("the same signals give the same composite, whose reason is that of the first to abort", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const any = anySignal(a.signal, undefined, b.signal, b.signal);
  expect(anySignal(a.signal, b.signal)).toBe(any);
  expect(anySignal(a.signal, a.signal)).toBe(a.signal);
  expect(anySignal(undefined)).toBeUndefined();
  b.abort("second");
  a.abort("first");
  expect(any?.reason).toBe("second");
  expect(anySignal(a.signal, b.signal)?.aborted).toBe(true);
});

test("all waits for a signal share one listener, which goes with the last of them", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = () => getEventListeners(signal, "abort").length;
  const ends = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
  const waits = Array.from({ length: 20 }, () => untilAborted(signal, new Promise(() => undefined)));
  expect(listeners()).toBe(1);
  for (const end of ends) end();
  expect(listeners()).toBe(1);
  controller.abort(new RangeError("over"));
  for (const wait of waits) await expect(wait).rejects.toThrow("over");
  expect(listeners()).toBe(0);
});
