import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import type { offThread } from "../../src/offthread/off-thread.ts";
import type { OffThreadHandler } from "../../src/offthread/off-thread-handler.ts";
import type CountingHandler from "../handlers/counting.ts";
import { answerParent } from "../harness/child.ts";
import type { Counts } from "../harness/counts.ts";

export interface StartUpTask {
  readonly way: "off-thread" | "Piscina" | "worker";
}

/** Durations of consecutive steps. */
export interface StartUpTimes {
  /** Until the modules are imported. */
  readonly importMillis: number;
  /** Until a thread with its handler is ready. */
  readonly readyMillis: number;
  /** Until a first start event is handled. */
  readonly firstEventMillis: number;
}

/** The package's entry point, imported whole as users do; the interface names the parts used here. */
const PACKAGE = new URL("../../src/index.js", import.meta.url);
interface Sidecall {
  readonly offThread: typeof offThread;
  readonly AsyncCallbackManager: typeof AsyncCallbackManager;
}

/** The steps to a first event on a thread; each is timed. */
interface Steps {
  load(): Promise<void>;
  open(): Promise<void>;
  sendStart(): Promise<void>;
  counts(): Promise<Counts | undefined>;
}

async function offThreadSteps(): Promise<Steps> {
  const module = new URL("../handlers/counting.js", import.meta.url);
  let sidecall: Sidecall;
  let handler: OffThreadHandler<CountingHandler>;
  return {
    async load() {
      sidecall = (await import(PACKAGE.href)) as Sidecall;
    },
    async open() {
      handler = await sidecall.offThread<CountingHandler>({ module });
    },
    async sendStart() {
      const manager = new sidecall.AsyncCallbackManager({ handlers: [handler] });
      await manager.onChatModelStart({ name: "bench" }, [[{ role: "user", content: "" }]]);
    },
    async counts() {
      const [counts] = await handler.remote.counts();
      await handler.close();
      return counts;
    },
  };
}

async function piscinaSteps(): Promise<Steps> {
  const filename = fileURLToPath(new URL("../handlers/counting-task.js", import.meta.url));
  const { startRecord } = await import("../peers/records.ts");
  let Pool: typeof import("piscina").Piscina;
  let pool: InstanceType<typeof Pool>;
  const ask = async () => (await pool.run(undefined, { name: "counts" })) as Counts;
  return {
    async load() {
      ({ Piscina: Pool } = await import("piscina"));
    },
    async open() {
      pool = new Pool({ filename, minThreads: 1, maxThreads: 1 });
      await ask();
    },
    sendStart: async () => void (await pool.run(startRecord("run", ""))),
    async counts() {
      const counts = await ask();
      await pool.close();
      return counts;
    },
  };
}

async function workerSteps(): Promise<Steps> {
  const { CountingPort } = await import("../peers/counting-port.ts");
  const { startRecord } = await import("../peers/records.ts");
  let port: InstanceType<typeof CountingPort>;
  return {
    async load() {},
    async open() {
      port = new CountingPort();
      await port.counts();
    },
    sendStart: async () => void (await port.call({ awaited: startRecord("run", "") })),
    async counts() {
      const counts = await port.counts();
      await port.close();
      return counts;
    },
  };
}

const WAYS = { "off-thread": offThreadSteps, Piscina: piscinaSteps, worker: workerSteps };

async function millisOf(step: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await step();
  return performance.now() - start;
}

await answerParent<StartUpTask, StartUpTimes>(async ({ way }) => {
  const steps = await WAYS[way]();
  const importMillis = await millisOf(() => steps.load());
  const readyMillis = await millisOf(() => steps.open());
  const firstEventMillis = await millisOf(() => steps.sendStart());
  const counts = await steps.counts();
  if (counts?.starts !== 1) throw new Error(`Expected one start to be counted, got ${counts?.starts}.`);
  return { importMillis, readyMillis, firstEventMillis };
});
