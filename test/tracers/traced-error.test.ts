import vm from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { printedError } from "../../src/tracers/printed-error.ts";
import { type TracedError, tracedError } from "../../src/tracers/traced-error.ts";

function described(error: unknown): TracedError {
  const traced = tracedError(error);
  if (typeof traced === "string") throw new Error(`expected fields, got text ${traced}`);
  return traced;
}

const errorWith = <T extends object>(fields: T) => Object.assign(new Error("m"), fields);

/** The JSON that a server would get, and its status and id, as each client's errors have them. */
test.each<[client: string, fields: object, expected: object]>([
  [
    "OpenAI's",
    {
      status: 429,
      requestID: "req_1",
      code: "rate_limit",
      type: "requests",
      param: null,
      error: { type: "requests" },
    },
    {
      status: 429,
      requestId: "req_1",
      code: "rate_limit",
      fields: { type: "requests", error: { type: "requests" } },
    },
  ],
  [
    "Anthropic's",
    { status: 529, request_id: "req_1", error: { type: "error", error: { type: "overloaded_error" } } },
    {
      status: 529,
      requestId: "req_1",
      fields: { error: { type: "error", error: { type: "overloaded_error" } } },
    },
  ],
  [
    "axios'",
    {
      isAxiosError: true,
      code: "ERR_BAD_REQUEST",
      config: { headers: { Authorization: "Bearer key" } },
      request: { path: "/" },
      response: {
        status: 400,
        headers: { "x-request-id": "req_1", "set-cookie": "c" },
        config: {},
        request: {},
        data: { detail: "no" },
      },
    },
    {
      status: 400,
      requestId: "req_1",
      code: "ERR_BAD_REQUEST",
      fields: {
        isAxiosError: true,
        response: { status: 400, headers: { "x-request-id": "req_1" }, data: { detail: "no" } },
      },
    },
  ],
  [
    "the AI SDK's",
    {
      statusCode: 500,
      url: "https://h/v1?key=secret&x=1",
      requestBodyValues: { messages: ["long"] },
      responseHeaders: { "x-request-id": "req_1" },
      responseBody: "no",
      isRetryable: true,
    },
    {
      status: 500,
      requestId: "req_1",
      fields: {
        url: "https://h/v1?key=[redacted]&x=1",
        responseHeaders: { "x-request-id": "req_1" },
        responseBody: "no",
        isRetryable: true,
      },
    },
  ],
  [
    "AWS'",
    { $fault: "client", $metadata: { httpStatusCode: 400, requestId: "req_1", attempts: 1 } },
    { status: 400, requestId: "req_1", fields: { $fault: "client" } },
  ],
  [
    "Node.js'",
    { errno: -111, code: "ECONNREFUSED", syscall: "connect", address: "127.0.0.1", port: 1 },
    { code: "ECONNREFUSED", fields: { errno: -111, syscall: "connect", address: "127.0.0.1", port: 1 } },
  ],
  [
    "one with Headers",
    { headers: new Headers({ "x-request-id": "req_1", authorization: "a", "retry-after": "3" }) },
    { requestId: "req_1", fields: { headers: { "retry-after": "3", "x-request-id": "req_1" } } },
  ],
])("an error of %s client has its status, request id and plain fields", (_, fields, expected) => {
  const { stack, ...rest } = described(errorWith(fields));
  expect(rest).toEqual({ name: "Error", message: "m", ...expected });
  expect(stack).toContain("Error: m");
});

test("causes and parts are described as errors are, and each on lines of its own", () => {
  const cause = new AggregateError([new TypeError("first"), "second", errorWith({ code: "E" })], "none left");
  const error = new Error("outer", { cause });
  const traced = described(error);
  expect(traced).toMatchObject({
    message: "outer",
    cause: {
      name: "AggregateError",
      message: "none left",
      errors: [{ name: "TypeError", message: "first" }, "second", { message: "m", code: "E" }],
    },
  });
  const text = printedError(traced);
  expect(text).toMatch(/^Error: outer\n +at /);
  expect(text).toMatch(/\n {2}\[cause\] AggregateError: none left\n/);
  expect(text).toMatch(/\n {4}\[errors\[0\]\] TypeError: first\n/);
  expect(text).toMatch(/\n {4}\[errors\[1\]\] second\n/);
  expect(text).toMatch(/\n {6}code: "E"/);
  expect(tracedError(new Error("m", { cause: "a text" }))).toMatchObject({ cause: "a text" });
  expect(tracedError(new Error("m", { cause: undefined }))).not.toHaveProperty("cause");
});

test("errors of another realm, of the platform, and objects in place of errors are described", () => {
  const foreign = vm.runInNewContext(
    "Object.assign(new RangeError('m', { cause: new Error('c') }), { code: 'E' })",
  );
  expect(tracedError(foreign)).toMatchObject({
    name: "RangeError",
    message: "m",
    code: "E",
    cause: { message: "c" },
  });
  expect(tracedError(new DOMException("m", "AbortError"))).toMatchObject({
    name: "AbortError",
    message: "m",
    code: 20,
  });
  expect(tracedError({ message: "m", code: 429 })).toEqual({ name: "Error", message: "m", code: 429 });
  expect(tracedError({ status: 5 })).toBe('{"status":5}');
  expect([tracedError(undefined), tracedError(null), tracedError("text"), tracedError(7n)]).toEqual([
    "undefined",
    "null",
    "text",
    "7",
  ]);
});

test("no secret and no part of a request is shown, at any depth", () => {
  const secret = "hunter2hunter2hunter2";
  const headers = {
    Authorization: `Bearer ${secret}`,
    "x-api-key": secret,
    Cookie: secret,
    "content-type": "text/plain",
  };
  const socket = { _events: {}, key: secret };
  const error = errorWith({
    config: { headers },
    request: { headers },
    req: headers,
    headers,
    responseHeaders: new Map(Object.entries(headers)),
    response: {
      headers,
      config: { headers },
      request: socket,
      data: { apiKey: secret, nested: { password: secret } },
    },
    apiKey: secret,
    access_token: secret,
    note: `sent Authorization: Bearer ${secret}`,
    url: new URL(`https://h/?api_key=${secret}`),
    channel: socket,
    cause: errorWith({ client: headers, clientSecret: secret, parts: [{ secret }] }),
    errors: [errorWith({ headers })],
  });
  error.message = `GET https://h/?key=${secret} failed`;
  const traced = JSON.stringify(tracedError(error));
  expect(traced).not.toContain(secret);
  expect(traced).toContain("content-type");
  expect(printedError(tracedError(error))).not.toContain(secret);
});

test("long, wide, deep and cyclic errors are cut with a mark of how much is missing", () => {
  expect(described(new Error("x".repeat(1e6))).message).toMatch(/^x+… \(991808 more characters\)$/);
  const many = described(
    new AggregateError(
      Array.from({ length: 100 }, () => new Error("e")),
      "many",
    ),
  );
  expect(many.errors).toHaveLength(9);
  expect(many.errors?.at(-1)).toBe("… 92 more");
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
  expect(Object.entries(described(errorWith(wide)).fields ?? {}).at(-1)).toEqual(["…", "968 more"]);
  const cyclic = errorWith({ self: {} as object, list: Array.from({ length: 20 }, (_, i) => i) });
  Object.assign(cyclic.self, { again: cyclic.self });
  cyclic.cause = cyclic;
  expect(described(cyclic)).toMatchObject({
    cause: "[cycle]",
    fields: { self: { again: "[cycle]" }, list: [...Array(16).keys(), "… 4 more"] },
  });
  let chain = new Error("end");
  for (let i = 0; i < 1000; i += 1) chain = new Error(`${i}`, { cause: chain });
  const texts = JSON.stringify(tracedError(chain));
  expect(texts).toContain("[too deep]");
  let tree: Error = new Error("leaf");
  for (let i = 0; i < 8; i += 1) tree = new AggregateError(Array(8).fill(tree), "node");
  expect(JSON.stringify(tracedError(tree)).length).toBeLessThan(1e6);
});

test("what throws when it is read is marked, and the rest is described", () => {
  const error = new Error("m");
  const refuse = {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  };
  for (const key of ["code", "cause", "status", "headers", "errors", "mine"])
    Object.defineProperty(error, key, refuse);
  expect(described(error)).toMatchObject({ message: "m", fields: { mine: "[unreadable: no]" } });
  const proxy = new Proxy(new Error("m"), {
    get: () => {
      throw new Error("no");
    },
    ownKeys: () => {
      throw new Error("no");
    },
  });
  expect(tracedError(proxy)).toEqual(expect.any(String));
});

test("any thrown value is described by data that can be cloned and written, and nothing throws", () => {
  const values = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  fc.assert(
    fc.property(values, values, fc.dictionary(fc.string(), values), (cause, part, fields) => {
      const error = Object.assign(new AggregateError([part], "m", { cause }), { own: fields });
      for (const thrown of [error, cause, { message: "m", errors: [part], cause, ...fields }]) {
        const traced = tracedError(thrown);
        expect(structuredClone(traced)).toEqual(traced);
        expect(JSON.stringify(traced).length).toBeLessThan(1e6);
        expect(printedError(traced)).toEqual(expect.any(String));
      }
    }),
  );
});
