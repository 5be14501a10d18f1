import type { MessagePort } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { EVENT_INFO, type EventRecord } from "../../src/core/events.ts";
import type { CallbackHandler } from "../../src/index.ts";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { LaneCounters } from "../../src/shared-memory/counters.ts";
import { decodeValue } from "../../src/wire/codec.ts";
import { ACKNOWLEDGE } from "../../src/wire/frames.ts";
import type { LaneReport } from "../../src/wire/protocol.ts";
import { encodeFields, encodeRun } from "../../src/wire/records.ts";
import { LaneLoop } from "../../workers/lane/loop.ts";
import { gate } from "../support/gate.ts";
import { openLane } from "../support/lane.ts";
import { record } from "../support/records.ts";
import { settleTasks } from "../support/tasks.ts";

const INFO = EVENT_INFO.on_text;
/** Two runs, each a trace. */
const RUNS = ["a", "b"].map((id) => ({
  runId: id,
  parentRunId: undefined,
  traceId: id,
  tags: [],
  metadata: {},
  name: undefined,
}));

const { release } = RingConsumer.prototype;
const { countFailureReport } = LaneCounters.prototype;
afterEach(() => void vi.restoreAllMocks());

/** A lane's loop on this thread. `steps`: each of its steps that the main thread can see, in order. */
function lane(onText: (text: string) => unknown, raiseError = false) {
  const steps: string[] = [];
  const { ring, counters, writer, writeEvent } = openLane(4096);
  const reports = {
    postMessage({ acknowledged, failures }: LaneReport) {
      const raised = acknowledged.flatMap(([, error]) => (error === undefined ? [] : [decodeValue(error)]));
      const what = `${failures.length} failed, ${raised.length} raised`;
      steps.push(`post ${acknowledged.map(([position]) => position).join()}: ${what}`);
    },
  } as unknown as MessagePort;
  const hooks: { beforeRelease: () => void } = { beforeRelease: () => undefined };
  vi.spyOn(RingConsumer.prototype, "release").mockImplementation(function (this: RingConsumer) {
    // The loops of earlier tests still run.
    if (this.bytes.buffer !== ring || this.position === this.released) return release.call(this);
    hooks.beforeRelease();
    const isMore = release.call(this);
    if (isMore) steps.push(`release ${this.released}`);
    return isMore;
  });
  vi.spyOn(LaneCounters.prototype, "countFailureReport").mockImplementation(function (this: LaneCounters) {
    steps.push("count");
    countFailureReport.call(this);
  });
  const handler: CallbackHandler = { onText: ({ text }: EventRecord<"on_text">) => onText(text) };
  const slot = { index: 0, handler, name: "h", interest: 1 << INFO.code, raiseError, misnamed: [] };
  const runs = RUNS.map((run, i) => [i, encodeRun(run).slice()] as const);
  const setup = { ring, counters: counters.buffer, runs, reports, handlerTimeoutMillis: 1000 };
  const unused = { context: { lane: 0, threads: 1, restarts: 0 }, specs: [], control: reports };
  void new LaneLoop({ ...setup, ...unused }, [slot]).run();
  return {
    steps,
    writer,
    hooks,
    /** Sends an event of a run whose caller waits. Returns the position behind it. */
    send(text: string, runNumber = 0): number {
      const payload = encodeFields(INFO, record("on_text", "", { text }));
      const position = writeEvent(payload, { code: INFO.code, flags: ACKNOWLEDGE, runNumber });
      writer.wake(true);
      return position;
    },
  };
}

const failing = (text: string) => {
  if (text === "fail") throw new RangeError("failed");
};

test.each([
  { raiseError: false, isWatched: false },
  { raiseError: false, isWatched: true },
  { raiseError: true, isWatched: false },
  { raiseError: true, isWatched: true },
])("a failure is posted, then counted, then released: %o", async ({ raiseError, isWatched }) => {
  const { steps, writer, send } = lane(failing, raiseError);
  writer.watch(isWatched);
  const position = send("fail");
  await settleTasks();
  const what = `1 failed, ${raiseError ? 1 : 0} raised`;
  expect(steps).toEqual([`post ${position}: ${what}`, "count", `release ${position}`]);
});

test("acknowledges by message unless the main thread is polling", async () => {
  const { steps, writer, send } = lane(failing);
  const first = send("well");
  await settleTasks();
  expect(steps).toEqual([`release ${first}`, `post ${first}: 0 failed, 0 raised`]);
  writer.watch(true);
  steps.length = 0;
  const second = send("well");
  await settleTasks();
  expect(steps).toEqual([`release ${second}`]);
});

test("acknowledges by message an event that is done behind one that is not, even to a polling main thread", async () => {
  const { open, opened } = gate();
  const { steps, writer, send } = lane((text) => (text === "slow" ? opened : undefined));
  writer.watch(true);
  send("slow", 0);
  const next = send("next", 1);
  await settleTasks();
  expect(steps).toEqual([`post ${next}: 0 failed, 0 raised`]);
  open();
  await settleTasks();
  expect(steps).toEqual([`post ${next}: 0 failed, 0 raised`, `release ${next}`]);
});

test("reads whether the main thread polls after the release: one that stopped before gets the message", async () => {
  const { steps, writer, hooks, send } = lane(failing);
  writer.watch(true);
  // The main thread stops polling, and looks once more in vain.
  hooks.beforeRelease = () => writer.watch(false);
  const position = send("well");
  await settleTasks();
  expect(steps).toEqual([`release ${position}`, `post ${position}: 0 failed, 0 raised`]);
});

test("an event is done once, though a handler's promise fails while it is given out", async () => {
  const odd = Object.defineProperty(Promise.resolve(), "constructor", {
    get: () => {
      throw new RangeError("no constructor");
    },
  });
  const { steps, send } = lane(() => odd);
  const position = send("odd");
  await settleTasks();
  expect(steps.filter((step) => step.startsWith("post"))).toEqual([`post ${position}: 1 failed, 0 raised`]);
});
