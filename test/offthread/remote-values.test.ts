import { describe, expect, test } from "vitest";
import { offThread, SidecallError, StandIn } from "../../src/index.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { type Returning, UNCARRIED, type UncarriedKind } from "../fixtures/handlers/returning.ts";
import { fixture } from "../fixtures/modules.ts";

/* Arguments and results of remote calls. */

/** The kinds with the description and the path of the part that cannot cross. */
const PARTS: Readonly<Record<UncarriedKind, readonly [what: string, path: string]>> = {
  function: ["the function `onDone`", ".items[1].onDone"],
  "function of a class": ["the function `onDone`", ".items[1].onDone"],
  generator: ["a generator", '.deep.get("k")'],
  "async generator": ["a generator", ""],
  iterator: ["an iterator", "[0].values()[0]"],
  "own iterator": ["an iterator", ".pages"],
  "async iterable": ["an async iterable", '["a b"]'],
  promise: ["a promise", ".list[0]"],
  stream: ["a stream", ".body"],
  symbol: ["a symbol", "[0]"],
  proxy: ["a proxy", ".state"],
  getter: ["a value that throws RangeError: not now", ".broken"],
  depth: ["a value nested deeper than 1000 levels", ".below.below"],
};
const KINDS = Object.keys(UNCARRIED) as UncarriedKind[];

async function refusal(promise: Promise<unknown>): Promise<SidecallError> {
  const [result] = await Promise.allSettled([promise]);
  const error: unknown = result?.status === "rejected" ? result.reason : undefined;
  if (error instanceof SidecallError) return error;
  throw new Error("no coded error");
}

describe.each(["trace", "none"] as const)("with ordering %s", (ordering) => {
  const place = () => offThread<Returning>(fixture("Returning"), { ordering });

  test("a part that cannot cross is refused by handler, method and path", async () => {
    const handler = await place();
    for (const kind of KINDS) {
      const [what, path] = PARTS[kind];
      const returned = await refusal(handler.remote.make(kind));
      const passed = await refusal(handler.remote.echo(UNCARRIED[kind]()));
      for (const error of [returned, passed]) expect(error.code).toBe("SIDECALL_REMOTE_VALUE");
      expect(returned.message).toContain("result of `make` of handler returning");
      expect(passed.message).toContain("arguments of `echo` of handler returning");
      expect(returned.message).toContain(`got ${what} at \`result${path}`);
      expect(passed.message).toContain(`got ${what} at \`args[0]${path}`);
    }
    expect(await handler.remote.echo("still there")).toEqual(["still there"]);
    await handler.close();
  });

  test("what the structured clone keeps is kept: cycles, shared memory, undefined, holes, any key", async () => {
    const handler = await place();
    const shared = new SharedArrayBuffer(8);
    const value: Record<string, unknown> = {
      u: undefined,
      zero: -0,
      shared,
      holes: Object.assign(new Array(2), { 1: 1 }),
      ...JSON.parse('{"__proto__":1}'),
    };
    value["self"] = value;
    // With an error in it a copy is posted.
    for (const extra of [{}, { error: new RangeError("in it") }]) {
      const [back] = (await handler.remote.echo(Object.assign(value, extra))) as [Record<string, unknown>];
      expect(back["self"]).toBe(back);
      expect(back).toHaveProperty("u", undefined);
      expect(back["zero"]).toBe(-0);
      expect(0 in (back["holes"] as unknown[])).toBe(false);
      expect(Object.keys(back)).toEqual(Object.keys(value));
      new Uint8Array(back["shared"] as SharedArrayBuffer)[0] = 7;
      expect(new Uint8Array(shared)[0]).toBe(7);
      new Uint8Array(shared)[0] = 0;
    }
    await handler.close();
  });

  test("errors cross as themselves in every kind of holder, in their order", async () => {
    const handler = await place();
    const error = new SidecallError("SIDECALL_CLOSED", "mine");
    const [back] = (await handler.remote.echo([
      error,
      new Map<unknown, unknown>([
        [1, error],
        [error, 2],
        [3, 3],
      ]),
      new Set([1, error, 2]),
    ])) as [[Error, Map<unknown, unknown>, Set<unknown>]];
    const [first, map, set] = back;
    expect(first).toBeInstanceOf(SidecallError);
    expect([...map]).toEqual([
      [1, first],
      [first, 2],
      [3, 3],
    ]);
    expect([...set]).toEqual([1, first, 2]);
    expect(map.get(1)).toBe(first);
    await handler.close();
  });

  test("other objects of the platform arrive as themselves or as stand-ins, never empty", async () => {
    const handler = await place();
    const [url, signal] = [new URL("https://example.com/a"), new AbortController().signal];
    expect(await handler.remote.echo({ url, signal })).toEqual([{ url, signal: expect.any(StandIn) }]);
    await handler.close();
  });

  test("a Buffer carries its own bytes alone", async () => {
    const handler = await place();
    const [back] = (await handler.remote.echo(Buffer.from("abc"))) as [Uint8Array];
    expect(back).toEqual(Buffer.from("abc"));
    expect(back.buffer.byteLength).toBeLessThan(64);
    await handler.close();
  });

  test("a view carries its own bytes alone, unless its memory is shared", async () => {
    const handler = await place();
    const floats = new Float32Array(new ArrayBuffer(4096), 8, 2).fill(0.5);
    const data = new DataView(floats.buffer, 12, 4);
    const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 4);
    const [back] = (await handler.remote.echo([floats, data, shared])) as [
      [Float32Array, DataView, Uint8Array],
    ];
    expect([back[0], back[1].getFloat32(0, true)]).toEqual([floats, 0.5]);
    expect(back.map((view) => view.buffer.byteLength)).toEqual([8, 4, 64]);
    back[2][0] = 7;
    expect(shared[0]).toBe(7);
    await handler.close();
  });

  test("a Buffer beyond the limits of an event is whole in a call", async () => {
    const handler = await place();
    const large = Buffer.alloc(DEFAULT_LIMITS.bytes + 1, 7);
    const [back] = (await handler.remote.echo({ large })) as [{ large: Buffer }];
    expect(Buffer.isBuffer(back.large) && back.large.equals(large)).toBe(true);
    await handler.close();
  });

  test("a class with a method called `pipe` is no stream", async () => {
    class Step {
      readonly name = "step";
      pipe() {}
    }
    const handler = await place();
    expect(await handler.remote.echo(new Step())).toEqual([{ name: "step" }]);
    await handler.close();
  });
});
