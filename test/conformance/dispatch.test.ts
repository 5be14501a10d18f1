import { expect } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  type EventRecord,
  type HandlerErrorHook,
  type HandlerFailure,
  onHandlerError,
  type StartOptions,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS, type Placement } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { HANDLED, OFF_THREAD, ORDERED, taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT } from "./row.ts";

/** The first failure that `body` causes, as soon as it is reported, and the promise of `body`, which may be pending. */
async function failureOf(body: () => Promise<unknown>) {
  let previous: HandlerErrorHook | undefined;
  const reported = new Promise<HandlerFailure>((resolve) => {
    previous = onHandlerError(resolve);
  });
  const rest = body();
  const failure = await reported;
  onHandlerError(previous);
  return { failure, rest };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A handler that raises rejects the dispatch after the handlers before and behind it have got the event. */
function raises(isAsync: boolean) {
  return (placement: Placement) =>
    withPlaced(placement, [["Failing", { raiseError: true, isAsync }]], async ({ handler }) => {
      const [inline, other] = [recorder({ runInline: true }), recorder()];
      const manager = new AsyncCallbackManager({ handlers: [handler, inline, other] });
      await collectFailures(async () => {
        await expect(manager.onChainStart(null, "tea")).rejects.toThrow("no tea");
      });
      // The run of the refused start fails with that error.
      const events = ["on_chain_start", "on_chain_error"];
      const seen = [inline, other].map(({ records }) => records.map(({ event }) => event));
      expect(seen).toEqual([events, events]);
    });
}

defect("2.1.4", PLACEMENTS, raises(false));
defect("2.1.8", PLACEMENTS, raises(true));

defect("2.1.6", ORDERED, async (placement) => {
  await withPlaced(placement, ["Gated", "Gated"], async (...placed) => {
    const handlers = placed.map(({ handler }) => handler);
    const event = new AsyncCallbackManager({ handlers }).onCustomEvent("event", null);
    for (const each of placed) {
      await expect.poll(async () => (await each.call("all")).flat()).toEqual(["event begins"]);
    }
    for (const each of placed) await each.call("open");
    await event;
  });
});

defect("2.1.7", ORDERED, async (placement) => {
  await withPlaced(placement, ["Gated"], async (placed) => {
    const event = new AsyncCallbackManager({ handlers: [placed.handler] }).onCustomEvent("event", null);
    await turn();
    await placed.call("open");
    await event;
    expect(await taken(placed, "all")).toEqual(["event begins", "event ends"]);
  });
});

defect("2.1.9", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["NestedDispatcher"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    await Promise.all(Array.from({ length: 100 }, () => manager.onCustomEvent("nested", 20)));
    const reached = await taken<number>(placed, "all");
    expect(reached.reduce((sum, each) => sum + each, 0)).toBe(100);
  });
});

defect("2.2.3", HANDLED, async (placement) => {
  await withPlaced(placement, ["SometimesAsync"], async (placed) => {
    await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
    // No flush: the dispatch itself waits for the handler.
    expect((await placed.call("take")).flat()).toMatchObject([{ event: "on_chain_start" }]);
  });
});

defect("2.2.4", PLACEMENTS, async (placement) => {
  await withPlaced(placement, [["Failing", { raiseError: true }]], async ({ handler }) => {
    const { open, opened } = gate();
    const order: string[] = [];
    const sibling: CallbackHandler = { onChainStart: () => opened.then(() => order.push("sibling")) };
    const { failure, rest } = await failureOf(() => {
      const started = new AsyncCallbackManager({ handlers: [handler, sibling] }).onChainStart(null, "tea");
      return started.catch(() => order.push("caller"));
    });
    await turn();
    order.push(failure.handler);
    open();
    await rest;
    expect(order).toEqual(["Failing", "sibling", "caller"]);
  });
});

defect("2.2.5", HANDLED, async (placement) => {
  await withPlaced(placement, ["AbortErrorThrower", "Recorder"], async (...placed) => {
    const manager = new AsyncCallbackManager({ handlers: placed.map(({ handler }) => handler) });
    const failures = await collectFailures(async () => {
      const run = await manager.onChainStart(null, {});
      await run.onChainEnd({});
    });
    expect(failures).toMatchObject([{ handler: "AbortErrorThrower", error: { name: "AbortError" } }]);
    expect(await taken(placed[1] ?? placed[0])).toHaveLength(2);
  });
});

defect("2.2.6", OFF_THREAD, async (placement) => {
  await withPlaced(placement, ["GatedTokens"], async (placed) => {
    const [run] = await new AsyncCallbackManager({ handlers: [placed.handler] }).onLLMStart(null, ["p"]);
    for (const token of ["a", "b", "c"]) await run?.onLLMNewToken(token);
    const sum = async (key: "begun" | "settled") =>
      (await placed.call<Record<string, number>>("all")).reduce((total, each) => total + (each[key] ?? 0), 0);
    expect(await sum("settled")).toBe(0);
    await placed.call("open");
    await placed.flush();
    expect(await sum("settled")).toBe(3);
  });
});

defect("1.3", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const meddler: CallbackHandler = {
      name: "meddler",
      onChainStart: ({ tags, metadata }) => {
        (metadata as Record<string, unknown>)["mine"] = true;
        (tags as string[]).push("mine");
      },
      onText: ({ tags }) => void (tags as string[]).push("mine"),
    };
    const manager = new AsyncCallbackManager({ handlers: [meddler, placed.handler], tags: ["t"] });
    const failures = await collectFailures(async () => {
      const run = await manager.onChainStart(null, {});
      await run.onText("text");
      expect(run).toMatchObject({ tags: ["t"], metadata: {} });
    });
    expect(failures.map(({ handler }) => handler)).toEqual(["meddler", "meddler"]);
    const seen = await taken<Pick<EventRecord<"on_chain_start">, "tags" | "metadata">>(placed);
    expect(seen.map(({ tags, metadata = {} }) => ({ tags, metadata }))).toEqual([
      { tags: ["t"], metadata: {} },
      { tags: ["t"], metadata: {} },
    ]);
  });
});

defect("1.5", OFF_THREAD, async (placement) => {
  await withPlaced(placement, ["InputsMutator", "Recorder"], async (...placed) => {
    const inline = recorder();
    const [inputs, handlers] = [{ question: "why?" }, [...placed.map(({ handler }) => handler), inline]];
    await new AsyncCallbackManager({ handlers }).onChainStart(null, inputs);
    await placed[0].flush();
    const elsewhere = await taken<AnyEventRecord>(placed[1] ?? placed[0]);
    const seen = [...inline.records, ...elsewhere].map((record) => "inputs" in record && record.inputs);
    expect([inputs, ...seen]).toEqual(Array(3).fill({ question: "why?" }));
  });
});

defect("1.4", ORDERED, async (placement) => {
  await withPlaced(placement, ["SometimesAsync"], async (placed) => {
    const [run] = await new AsyncCallbackManager({ handlers: [placed.handler] }).onLLMStart(null, ["p"]);
    // Even if the application does not await the retry.
    void run?.onRetry({ attempt: 1 });
    await run?.onLLMNewToken("t");
    await run?.onLLMEnd({ generations: [] });
    const events = (await taken<AnyEventRecord>(placed)).map(({ event }) => event);
    expect(events).toEqual(["on_llm_start", "on_retry", "on_llm_new_token", "on_llm_end"]);
  });
});

defect("3.2.1", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const inline = recorder({ runInline: true });
    const manager = new AsyncCallbackManager({ handlers: [inline, placed.handler] });
    const runs = await manager.onLLMStart(null, ["a", "b"]);
    const runIds = new Set(runs.map(({ runId }) => runId));
    const seen = await taken<AnyEventRecord>(placed);
    for (const records of [inline.records, seen]) {
      expect(records.map(({ event }) => event)).toEqual(["on_llm_start", "on_llm_start"]);
      expect(new Set(records.map(({ runId }) => runId))).toEqual(runIds);
    }
  });
});

defect("3.2.2", NO_PLACEMENT, async () => {
  const manager = new AsyncCallbackManager({ parentRunId: "mine" });
  const options = { parentRunId: "other" } as StartOptions;
  const refused = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining("parentRunId") };
  await expect(manager.onToolStart(null, "in", options)).rejects.toMatchObject(refused);
  await expect(manager.onRetrieverStart(null, "q", options)).rejects.toMatchObject(refused);
  expect((await manager.onToolStart(null, "in")).parentRunId).toBe("mine");
});
