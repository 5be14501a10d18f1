import { afterEach, describe, expect, test } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  EVENTS,
  type EventName,
  type EventRecord,
} from "../../src/index.ts";
import { collectFailures, type FixtureName, PLACEMENTS, type Placed } from "../placements.ts";
import { sendEveryEvent } from "./every-event.ts";

type Call = [method: string, record: AnyEventRecord];

const rows = Object.entries(EVENTS) as [EventName, (typeof EVENTS)[EventName]][];
const gates = [...new Set(rows.flatMap(([, { flag }]) => flag ?? []))];
const inOrder = (a: AnyEventRecord, b: AnyEventRecord) =>
  a.timestamp - b.timestamp || a.runId.localeCompare(b.runId);

const fieldsOf = (record: AnyEventRecord) =>
  Object.entries(record).flatMap(([field, value]) => (value === undefined ? [] : field));

describe.each(PLACEMENTS)("a handler placed $name", (placement) => {
  const open: Placed[] = [];
  const place = async (name: FixtureName, options?: unknown) => {
    const placed = await placement.place(name, options);
    open.push(placed);
    return placed;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((placed) => placed.close()));
  });
  const recordsOf = async (placed: Placed) => {
    await placed.flush();
    return (await placed.call<AnyEventRecord[]>("take")).flat();
  };

  test("gets every event of the table as the record that an inline handler gets", async () => {
    const placed = await place("Recorder");
    const reference: AnyEventRecord[] = [];
    const manager = new AsyncCallbackManager();
    manager.setHandlers([placed.handler, { onEvent: (record) => void reference.push(record) }]);
    manager.addTags(["all"]);
    manager.addMetadata({ tenant: { id: 7 } });
    await sendEveryEvent(manager);
    const records = await recordsOf(placed);
    expect(new Set(records.map(({ event }) => event))).toEqual(new Set(Object.keys(EVENTS)));
    expect(records.sort(inOrder)).toEqual(reference.sort(inOrder));
    // Compares the order of keys too, which printing and hashing depend on. Undefined properties do not cross.
    expect(records.map(fieldsOf)).toEqual(reference.map(fieldsOf));
  });

  test("gets each event by the method of its row", async () => {
    const placed = await place("MethodPerEvent");
    const manager = new AsyncCallbackManager();
    manager.addHandler(placed.handler);
    await sendEveryEvent(manager);
    await placed.flush();
    const calls = (await placed.call<Call[]>("take")).flat();
    const methods = new Set(calls.map(([method, { event }]) => `${event} ${method}`));
    expect(methods).toEqual(new Set(rows.map(([event, { method }]) => `${event} ${method}`)));
  });

  test.each(gates)("with %s gets none of the flag's events, and all others", async (flag) => {
    const placed = await place("MethodPerEvent", { [flag]: true });
    const manager = new AsyncCallbackManager();
    manager.addHandler(placed.handler);
    await sendEveryEvent(manager);
    await placed.flush();
    const calls = (await placed.call<Call[]>("take")).flat();
    const expected = rows.filter(([, row]) => row.flag !== flag).map(([event]) => event);
    expect(new Set(calls.map(([, { event }]) => event))).toEqual(new Set(expected));
  });

  test("without onChatModelStart gets a chat as its buffer string", async () => {
    const placed = await place("PromptsOnly");
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const call = { id: "c1", function: { name: "f" } };
    await manager.onChatModelStart({ name: "chat" }, [
      [
        { role: "system", content: "Be brief." },
        { type: "human", content: [{ type: "text", text: "Hi" }, { type: "image_url" }] },
        { role: "assistant", content: "Hello", tool_calls: [call] },
        { role: "tool", content: "7" },
        { type: "chat", role: "Critic", content: "Meh" },
      ],
    ]);
    await placed.flush();
    const starts = (await placed.call<EventRecord<"on_llm_start">[]>("take")).flat();
    const text = `System: Be brief.\nHuman: Hi\nAI: Hello${JSON.stringify([call])}\nTool: 7\nCritic: Meh`;
    expect(starts).toMatchObject([{ event: "on_llm_start", prompts: [text], serialized: { name: "chat" } }]);
  });

  test.each([{ ignoreLLM: true }, { ignoreChatModel: true }])(
    "that knows prompts alone gets no chat with %o",
    async (flags) => {
      const placed = await place("PromptsOnly", flags);
      const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
      await manager.onChatModelStart(null, [[{ role: "user", content: "Hi" }]]);
      await placed.flush();
      expect((await placed.call("take")).flat()).toEqual([]);
    },
  );

  test.each([false, true])(
    "that fails (in a promise: %s) is reported, and the others go on",
    async (isAsync) => {
      const failing = await place("Failing", { isAsync });
      const other = await place("Recorder");
      const manager = new AsyncCallbackManager({ handlers: [failing.handler, other.handler] });
      let runId = "";
      const failures = await collectFailures(async () => {
        const chain = await manager.onChainStart(null, "tea");
        runId = chain.runId;
        await failing.flush();
      });
      expect(failures).toEqual([
        { handler: "Failing", event: "on_chain_start", runId, error: expect.any(RangeError) },
      ]);
      expect(failures[0]?.error).toMatchObject({ message: "no tea", status: 418 });
      expect(await recordsOf(other)).toMatchObject([{ event: "on_chain_start", runId }]);
    },
  );

  test.each([false, true])("with raiseError rejects the dispatch (in a promise: %s)", async (isAsync) => {
    const failing = await place("Failing", { raiseError: true, isAsync });
    const other = await place("Recorder");
    const manager = new AsyncCallbackManager({ handlers: [failing.handler, other.handler] });
    const failures = await collectFailures(async () => {
      const started = manager.onChainStart(null, "tea");
      await expect(started).rejects.toMatchObject({ name: "RangeError", message: "no tea", status: 418 });
    });
    expect(failures).toMatchObject([{ handler: "Failing", event: "on_chain_start" }]);
    // A run whose start is refused ends with the error.
    const records = await recordsOf(other);
    expect(records.map(({ event }) => event).sort()).toEqual(["on_chain_error", "on_chain_start"]);
  });

  test("gets the events of a trace in order, whether it returns at once or promises", async () => {
    const placed = await place("SometimesAsync");
    const manager = new AsyncCallbackManager();
    manager.addHandler(placed.handler);
    const roots = await Promise.all([1, 2, 3, 4].map((i) => manager.onChainStart(null, i)));
    await Promise.all(
      roots.map(async (root, i) => {
        const [run] = await root.getChild().onLLMStart(null, [`prompt ${i}`]);
        const tokens = Array.from({ length: 50 }, (_, n) => run?.onLLMNewToken(`${i}:${n} `));
        await Promise.all([...tokens, run?.onLLMEnd({ generations: [] }), root.onChainEnd(i)]);
      }),
    );
    const records = await recordsOf(placed);
    expect(records).toHaveLength(4 * (1 + 1 + 50 + 1 + 1));
    if (!placement.isOrdered) return;
    for (const { traceId } of roots) {
      const timestamps = records
        .filter((record) => record.traceId === traceId)
        .map(({ timestamp }) => timestamp);
      expect(timestamps).toEqual([...timestamps].sort((a, b) => a - b));
      const tokens = records.flatMap((record) =>
        record.traceId === traceId && record.event === "on_llm_new_token" ? [record.token] : [],
      );
      expect(tokens.map((token) => Number(token.split(":")[1]))).toEqual(tokens.map((_, n) => n));
    }
  });

  test("does not delay other traces while it awaits, and settles its own events in order", async () => {
    if (!placement.isOrdered) return;
    const placed = await place("Gated");
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const held = await manager.onChainStart(null, 1);
    const free = await manager.onChainStart(null, 2);
    const custom = held.onCustomEvent("held", {});
    const text = held.onText("after");
    await free.onText("free");
    const all = async () => (await placed.call<string[]>("all")).flat();
    const opened = placement.isInline ? ["held begins", "after", "free"] : ["held begins", "free"];
    await expect.poll(async () => (await all()).sort()).toEqual(opened.sort());
    await placed.call("open");
    await Promise.all([custom, text]);
    await placed.flush();
    const seen = await all();
    expect(seen.filter((each) => each !== "free").join()).toBe(
      placement.isInline ? "held begins,after,held ends" : "held begins,held ends,after",
    );
  });
});
