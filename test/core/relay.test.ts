import { setImmediate as immediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { RELAY, type RelayHandler } from "../../src/core/relay.ts";
import { type AnyEventRecord, AsyncCallbackManager, type CallbackHandler } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { recorder } from "../support/recorder.ts";

test("a relay is prewoken before a start's record is made; one that throws harms nothing", async () => {
  const prewoken: unknown[] = [];
  const recording = recorder();
  const handler: RelayHandler & typeof recording = {
    ...recording,
    [RELAY]: {
      onEvent: recording.onEvent,
      prewake: (event, traceId) => {
        prewoken.push([event, traceId, recording.records.length]);
        throw new RangeError("too early");
      },
      send: (record) => void recording.onEvent(record),
      tokenSink: () => undefined,
    },
  };
  const manager = new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
  const chain = await manager.onChainStart(null, {});
  await chain.getChild().onChatModelStart(null, [[{ role: "user", content: "Why?" }]]);
  await chain.onChainEnd({});
  expect(prewoken).toEqual([
    ["on_chain_start", undefined, 0],
    ["on_chat_model_start", chain.runId, 1],
  ]);
  expect(recording.records).toHaveLength(3);
});

test.each([
  { sink: "throws", tokenSink: () => expect.unreachable("no sink") },
  { sink: "is missing", tokenSink: () => undefined },
  { sink: "accepts no token", tokenSink: () => ({ write: () => false }) },
])("a token comes as an event where the relay's sink $sink", async ({ tokenSink }) => {
  const recording = recorder();
  const send = (record: AnyEventRecord) => void recording.onEvent(record);
  const handler = {
    ...recording,
    [RELAY]: { onEvent: recording.onEvent, prewake: () => undefined, send, tokenSink },
  };
  const [run] = await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["Why?"]);
  await run?.onLLMNewToken("Because");
  expect(recording.records.at(-1)).toMatchObject({ event: "on_llm_new_token", token: "Because" });
});

test("methods of a handler that are named as a relay's are not called", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  const reject = () => Promise.reject(new RangeError("too early"));
  const handler = { ...recorder(), prewake: reject, expectEvent: reject, tokenSink: reject };
  await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
  await immediate();
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled).toEqual([]);
  expect(handler.records).toHaveLength(1);
});

test("a relay is used only in place of the handler's own onEvent, and heeds the handler's flags", async () => {
  const sent: string[] = [];
  const onEvent = (record: AnyEventRecord) => void sent.push(`event ${record.event}`);
  const relay = {
    onEvent,
    prewake: () => undefined,
    send: (record: AnyEventRecord) => void sent.push(`relay ${record.event}`),
    tokenSink: () => undefined,
  };
  const handlers: CallbackHandler[] = [
    Object.assign({ onEvent }, { [RELAY]: relay }),
    Object.assign({ onEvent, ignoreChain: true }, { [RELAY]: relay }),
    Object.assign({ onEvent: (record: AnyEventRecord) => onEvent(record) }, { [RELAY]: relay }),
  ];
  await new AsyncCallbackManager({ handlers }).onChainStart(null, {});
  expect(sent).toEqual(["relay on_chain_start", "event on_chain_start"]);
});

test("a handler that answers every property is no relay", async () => {
  const called: string[] = [];
  const handler: CallbackHandler = new Proxy(
    {},
    {
      get: (_, key) => (typeof key === "string" ? () => void called.push(key) : () => called.push("symbol")),
    },
  );
  const failures = await collectFailures(async () => {
    await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
  });
  expect(failures).toEqual([]);
  expect(called).toEqual(["onChainStart"]);
});
