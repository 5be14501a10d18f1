import { decodeValue } from "../wire/codec.ts";
import type { CallResult } from "../wire/protocol.ts";

type Method = (...args: never[]) => unknown;

/** A handler's methods as they are called from the main thread: each gives one result per thread. */
export type Remote<Handler extends object> = {
  readonly [Name in keyof Handler as NonNullable<Handler[Name]> extends Method ? Name : never]: (
    ...args: Parameters<Extract<NonNullable<Handler[Name]>, Method>>
  ) => Promise<Awaited<ReturnType<Extract<NonNullable<Handler[Name]>, Method>>>[]>;
};

type Call = (method: string, args: readonly unknown[]) => Promise<unknown[]>;

/** Turns `remote.report(1)` into `call("report", [1])`. */
export function remoteOf<Handler extends object>(call: Call): Remote<Handler> {
  return new Proxy(Object.create(null) as Remote<Handler>, {
    get: (_, method) => {
      // `then` must stay undefined, or awaiting the object would call it.
      if (typeof method !== "string" || method === "then") return undefined;
      return (...args: unknown[]) => call(method, args);
    },
  });
}

/** What a method returned in its thread; throws what it threw there. */
export function resultOf(result: CallResult): unknown {
  if (result.error !== undefined) throw decodeValue(result.error);
  return result.value;
}
