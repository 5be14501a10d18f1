import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import { type BatchOptions, runBatch } from "../../src/batch/index.ts";
import type { BatchRecord } from "../../src/batch/record.ts";
import type { CallbackHandler, EventRecord } from "../../src/index.ts";
import { line, textOf, writeLines } from "../fixtures/batch.ts";
import { Recorder } from "../fixtures/handlers.ts";
import { chunk, EVENT_STREAM, event, serve } from "../fixtures/http.ts";
import { readJsonLines, scratch } from "../fixtures/scratch.ts";

const path = scratch();

async function ask(
  answer: (response: ServerResponse, request: number) => void,
  options: Partial<BatchOptions> = {},
) {
  let requests = 0;
  const baseUrl = await serve((request, response) => {
    request.resume();
    requests += 1;
    answer(response, requests);
  });
  const recorder = new Recorder();
  const [input, output] = [writeLines(path("in.jsonl"), [line("a", "x")]), path("out.jsonl")];
  const retries = { maxRetries: 1, retryDelayMillis: 1 };
  const summary = await runBatch({ input, output, baseUrl, handlers: [recorder], ...retries, ...options });
  const [record] = readJsonLines<BatchRecord>(output);
  const last = recorder.records.at(-1) as EventRecord<"on_llm_error">;
  return { summary, record, requests, events: recorder.records.map((each) => each.event), last };
}

function stream(response: ServerResponse, ...chunks: unknown[]): void {
  response.writeHead(200, EVENT_STREAM);
  for (const each of chunks) response.write(event(each));
}

test("a stream that breaks off after a token is an error with the partial answer, and is not retried", async () => {
  const { record, requests, events, last } = await ask((response) => {
    stream(response, chunk({ content: "Hal" }));
    response.write("", () => setImmediate(() => response.destroy()));
  });
  expect(record).toMatchObject({ response: null, error: { code: "SIDECALL_BATCH_REQUEST", line: 1 } });
  expect(requests).toBe(1);
  expect(events).toEqual(["on_chat_model_start", "on_llm_new_token", "on_llm_error"]);
  expect(last.response?.generations[0]?.[0]?.text).toBe("Hal");
});

test("a stream that ends without a finish reason is an error", async () => {
  const { record } = await ask((response) => {
    stream(response, chunk({ content: "Hal" }));
    response.end();
  });
  expect(record?.error?.message).toContain("ended before its answer did");
});

test("a connection that breaks before the first token is retried", async () => {
  const { record, requests, events } = await ask((response, request) => {
    if (request === 1) {
      response.destroy();
    } else {
      stream(response, chunk({ content: "Hallo" }), chunk({}, "stop"), "[DONE]");
      response.end();
    }
  });
  expect(textOf(record)).toBe("Hallo");
  expect(requests).toBe(2);
  expect(events).toEqual(["on_chat_model_start", "on_retry", "on_llm_new_token", "on_llm_end"]);
});

test("events split over packets, even within a character, arrive whole", async () => {
  const { record } = await ask((response) => {
    response.writeHead(200, EVENT_STREAM);
    const whole = [chunk({ content: "naïve 🚀" }), chunk({ content: " ☕" }), chunk({}, "stop"), "[DONE]"];
    const bytes = Buffer.from(whole.map(event).join(""));
    let at = 0;
    const next = () => {
      at += 1;
      if (at > bytes.length) response.end();
      else response.write(bytes.subarray(at - 1, at), () => setImmediate(next));
    };
    response.socket?.setNoDelay(true);
    next();
  });
  expect(textOf(record)).toBe("naïve 🚀 ☕");
});

test("an answer without content is an answer", async () => {
  const { summary, record, events } = await ask((response) => {
    stream(response, chunk({ role: "assistant" }), chunk({}, "stop"), "[DONE]");
    response.end();
  });
  expect(summary.failed).toBe(0);
  expect(textOf(record)).toBeNull();
  expect(events).toEqual(["on_chat_model_start", "on_llm_end"]);
});

test("a stream without any choice is an error", async () => {
  const { record, summary } = await ask((response) => {
    stream(response, { id: "x", choices: [] }, "[DONE]");
    response.end();
  });
  expect(record?.error?.code).toBe("SIDECALL_BATCH_REQUEST");
  expect(summary.retries).toBe(1);
});

test("an error object inside a stream is the request's error", async () => {
  const { record, last } = await ask((response) => {
    stream(response, chunk({ content: "Hal" }), {
      error: { message: "out of memory", type: "server_error" },
    });
    response.end();
  });
  expect(record?.error?.message).toContain("out of memory");
  expect(last.response?.generations[0]?.[0]?.text).toBe("Hal");
});

test("an event that is not JSON is the request's error", async () => {
  const { record } = await ask((response) => {
    stream(response, "{torn");
    response.end();
  });
  expect(record?.error?.code).toBe("SIDECALL_BATCH_REQUEST");
});

test("an answer that is not streamed is an error of its own", async () => {
  const { record } = await ask((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end("{}");
  });
  expect(record?.error?.message).toContain("got application/json");
});

test("a refusal that is not JSON is recorded in OpenAI's shape", async () => {
  const { record } = await ask((response) => {
    response.writeHead(403, { "content-type": "text/html" });
    response.end("<h1>no</h1>");
  });
  expect(record?.response).toMatchObject({
    status_code: 403,
    body: { error: { message: expect.any(String) } },
  });
});

test("a silent server is given up", async () => {
  const { record } = await ask((response) => stream(response, chunk({ content: "Hal" })), {
    timeoutMillis: 50,
  });
  expect(record?.error?.message).toContain("silent for 50 ms");
});

test("the time that a handler takes does not count as silence of the server", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const slow: CallbackHandler = { onLLMNewToken: () => vi.advanceTimersByTimeAsync(1000).then(() => {}) };
  const { record } = await ask(
    (response) => {
      stream(response, chunk({ content: "Hal" }), chunk({ content: "lo" }), chunk({}, "stop"), "[DONE]");
      response.end();
    },
    { timeoutMillis: 50, handlers: [slow] },
  );
  expect(textOf(record)).toBe("Hallo");
});

test("a server that never answers is given up and retried", async () => {
  const { record, requests } = await ask(() => undefined, { timeoutMillis: 50 });
  expect(record?.error?.message).toContain("silent for 50 ms");
  expect(requests).toBe(2);
});
