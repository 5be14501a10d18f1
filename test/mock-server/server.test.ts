import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import OpenAI from "openai";
import { afterAll, expect, test } from "vitest";
import { tokensOf } from "../../src/mock-server/answer.ts";
import { type MockServer, type MockServerOptions, startMockServer } from "../../src/testing/index.ts";
import { scratch } from "../fixtures/scratch.ts";

const path = scratch();
const started: MockServer[] = [];
afterAll(() => Promise.all(started.map((server) => server.close())));

async function start(options: MockServerOptions = {}): Promise<MockServer> {
  const server = await startMockServer(options);
  started.push(server);
  return server;
}

function clientOf({ url }: MockServer): OpenAI {
  return new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0, logLevel: "off" });
}

function user(content: string) {
  return { model: "m", messages: [{ role: "user" as const, content }] };
}

const LOOK = {
  type: "function" as const,
  function: {
    name: "look",
    parameters: {
      type: "object",
      properties: {
        at: { type: "string" },
        far: { type: "boolean" },
        how: { enum: ["up", "down"] },
        n: { type: "integer" },
      },
    },
  },
};

async function post(server: MockServer, body: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${server.url}/chat/completions`, { method: "POST", body: text });
  return { status: response.status, body: await response.json() };
}

test("pieces of a text join to the text and split no surrogate pair", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
      const pieces = tokensOf(text);
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) expect(Buffer.from(piece).toString()).toBe(piece);
    }),
  );
  expect(tokensOf("lone \ud800 half").join("")).toBe("lone \ud800 half");
});

test("a streamed answer equals the whole one, usage included", async () => {
  const client = clientOf(await start());
  for (const question of ["one", "two", "three"]) {
    const whole = await client.chat.completions.create(user(question));
    const stream = client.chat.completions.stream({
      ...user(question),
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(streamed.choices[0]?.finish_reason).toBe("stop");
    expect(streamed.usage).toEqual(whole.usage);
    expect(whole.usage?.total_tokens).toBe(
      Number(whole.usage?.prompt_tokens) + Number(whole.usage?.completion_tokens),
    );
  }
});

test("a stream ends with usage only if the request asks for it", async () => {
  const client = clientOf(await start());
  const chunksWith = async (include_usage: boolean) => {
    const body = { ...user("x"), stream: true as const, stream_options: { include_usage } };
    const chunks = [];
    for await (const chunk of await client.chat.completions.create(body)) chunks.push(chunk);
    return chunks;
  };
  const without = await chunksWith(false);
  expect(without.every((chunk) => chunk.usage === undefined && chunk.choices.length === 1)).toBe(true);
  const [last, ...before] = (await chunksWith(true)).reverse();
  expect(last).toMatchObject({ choices: [], usage: { completion_tokens: before.length - 2 } });
  expect(before.every((chunk) => chunk.usage === null)).toBe(true);
});

test("answers depend on seed and request, not on the order of requests", async () => {
  const [one, same, other] = [await start({ seed: 5 }), await start({ seed: 5 }), await start({ seed: 6 })];
  const questions = Array.from({ length: 12 }, (_, i) => user(`question ${i}`));
  const answers = async (server: MockServer, bodies: typeof questions) => {
    const bodyOf = async (body: (typeof questions)[number]) => [
      body.messages[0]?.content,
      await post(server, body),
    ];
    return Object.fromEntries(await Promise.all(bodies.map(bodyOf)));
  };
  const expected = await answers(one, questions);
  expect(await answers(same, [...questions].reverse())).toEqual(expected);
  expect(await answers(other, questions)).not.toEqual(expected);
});

test("failures depend on seed, request and retry count", async () => {
  const statuses = async (server: MockServer, retry: number) => {
    const one = async (i: number) => {
      const response = await fetch(`${server.url}/chat/completions`, {
        method: "POST",
        body: JSON.stringify(user(`question ${i}`)),
        headers: { "x-stainless-retry-count": String(retry) },
      });
      await response.body?.cancel();
      return response.status;
    };
    return Promise.all(Array.from({ length: 60 }, (_, i) => one(i)));
  };
  const first = await statuses(await start({ failRate: 0.5 }), 0);
  expect(new Set(first)).toEqual(new Set([200, 429, 500]));
  const again = await start({ failRate: 0.5 });
  expect(await statuses(again, 0)).toEqual(first);
  expect(await statuses(again, 1)).not.toEqual(first);
});

test("a tool is called when it must be, with arguments that fit its schema", async () => {
  const client = clientOf(await start());
  const body = { ...user("x"), tools: [LOOK], tool_choice: "required" as const };
  const whole = await client.chat.completions.create(body);
  const choice = whole.choices[0];
  expect(choice).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
  const call = choice?.message.tool_calls?.[0];
  const args: unknown = JSON.parse(call?.type === "function" ? call.function.arguments : "");
  expect(args).toEqual({
    at: expect.any(String),
    far: expect.any(Boolean),
    how: expect.toBeOneOf(["up", "down"]),
    n: expect.any(Number),
  });
  const streamed = await client.chat.completions.stream(body).finalChatCompletion();
  expect(streamed.choices[0]?.message.tool_calls).toMatchObject(choice?.message.tool_calls ?? []);
  const never = await client.chat.completions.create({ ...body, tool_choice: "none" });
  expect(never.choices[0]?.finish_reason).toBe("stop");
});

test("an answer is cut at max_tokens", async () => {
  const client = clientOf(await start());
  const cut = await client.chat.completions.create({ ...user("x"), max_tokens: 3 });
  expect(cut.choices[0]?.finish_reason).toBe("length");
  expect(cut.usage?.completion_tokens).toBe(3);
});

test("answers recorded instructions and trajectories as recorded, generates others", async () => {
  const call = { id: "c1", type: "function", function: { name: "look", arguments: '{"at":"sky"}' } };
  const traj = [
    { role: "system", content: "be kind" },
    { role: "user", content: "hello" },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "c1", name: "look", content: "blue" },
    { role: "assistant", content: "It is blue 🟦." },
  ];
  const records = [{ instruction: "Say A", output: "A!" }, { traj }];
  writeFileSync(path("recorded.json"), JSON.stringify(records));
  writeFileSync(
    path("recorded.jsonl.gz"),
    gzipSync(records.map((record) => JSON.stringify(record)).join("\n")),
  );
  for (const recorded of [path("recorded.json"), path("recorded.jsonl.gz")]) {
    const server = await start({ recorded });
    expect(server.recordedAnswers).toBe(3);
    const client = clientOf(server);
    const answer = async (messages: unknown) => {
      const body = { model: "m", messages: messages as OpenAI.ChatCompletionMessageParam[] };
      return (await client.chat.completions.create(body)).choices[0];
    };
    expect((await answer([traj[0], { role: "user", content: "Say A" }]))?.message.content).toBe("A!");
    expect(await answer(traj.slice(0, 2))).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [call] },
    });
    expect((await answer(traj.slice(0, 4)))?.message.content).toBe("It is blue 🟦.");
    expect((await answer([{ role: "user", content: "Say B" }]))?.message.content).toContain("Say B");
  }
});

test.each([
  ["{", null],
  ["[]", null],
  [{ messages: user("x").messages }, "model"],
  [{ model: "m" }, "messages"],
  [{ model: "m", messages: [] }, "messages"],
  [{ model: "m", messages: [1] }, "messages[0]"],
  [{ model: "m", messages: [{ role: "king", content: "x" }] }, "messages[0].role"],
  [{ ...user("x"), stream: "yes" }, "stream"],
  [{ ...user("x"), n: 0 }, "n"],
  [{ ...user("x"), max_tokens: -1 }, "max_tokens"],
  [{ ...user("x"), tools: [{}] }, "tools[0].function.name"],
])("a bad request is refused in OpenAI's shape: %j", async (body, param) => {
  const { status, body: refusal } = await post(await start(), body);
  expect(status).toBe(400);
  expect(refusal).toEqual({
    error: { message: expect.any(String), type: "invalid_request_error", param, code: null },
  });
});

test("serves its models and no other routes", async () => {
  const server = await start();
  expect((await clientOf(server).models.list()).data.map(({ id }) => id)).toEqual(["mock-server"]);
  const response = await fetch(`${server.url}/embeddings`, { method: "POST", body: "{}" });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { code: "unknown_url" } });
});

test("a client that leaves stops its stream", async () => {
  const server = await start({ tokensPerSecond: 1 });
  const request = httpRequest(`${server.url}/chat/completions`, { method: "POST" });
  request.end(JSON.stringify({ ...user("x"), stream: true }));
  const [response] = await once(request, "response");
  await once(response, "data");
  expect(server.stats()).toMatchObject({ openStreams: 1, abandonedStreams: 0 });
  response.destroy();
  await expect.poll(() => server.stats()).toMatchObject({ openStreams: 0, abandonedStreams: 1 });
});

test.each([
  [{ failRate: 2 }, "failRate"],
  [{ failRate: Number.NaN }, "failRate"],
  [{ tokensPerSecond: 0 }, "tokensPerSecond"],
  [{ firstTokenMillis: -1 }, "firstTokenMillis"],
  [{ firstTokenMillis: Number.POSITIVE_INFINITY }, "firstTokenMillis"],
  [{ failRate: "0.5" } as unknown as MockServerOptions, "failRate"],
  [{ tokensPerSecond: "60" } as unknown as MockServerOptions, "tokensPerSecond"],
  [{ seed: 0.5 }, "seed"],
  [{ port: 70_000 }, "port"],
  [{ recorded: "missing.json" }, "missing.json"],
])("an error names the wrong option: %o", async (options, name) => {
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(name) };
  await expect(startMockServer(options)).rejects.toMatchObject(error);
});

test("a recorded file of another shape, and a taken port, are refused", async () => {
  writeFileSync(path("other.json"), '[{"question":"x"}]');
  const code = "SIDECALL_OPTION_INVALID";
  await expect(startMockServer({ recorded: path("other.json") })).rejects.toMatchObject({ code });
  const { port } = await start();
  await expect(startMockServer({ port })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(`${port}`),
  });
});
