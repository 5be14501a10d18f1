import { errorText, SidecallError } from "../common/errors.ts";
import type { HandlerModule } from "../core/handler.ts";
import { decodeValue } from "../wire/codec.ts";
import { type Parcel, unpackParcel, valueError } from "../wire/parcel.ts";
import type { CallResult, ThreadControl } from "../wire/protocol.ts";
import type { HandlerSpec } from "./options.ts";

type Method = (...args: never[]) => unknown;

/** A handler's methods as they are called from the main thread: each gives one result per thread. */
export type Remote<Handler extends object> = {
  readonly [Name in keyof Handler as NonNullable<Handler[Name]> extends Method ? Name : never]: RemoteMethod<
    Extract<NonNullable<Handler[Name]>, Method>
  >;
};

/** Written as a method, whose parameters TypeScript compares both ways: a remote with types fits where none are known. */
type RemoteMethod<M extends Method> = {
  call(...args: Parameters<M>): Promise<Awaited<ReturnType<M>>[]>;
}["call"];

/** A handler whose methods are not known to the compiler. */
export type UntypedHandler = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** The handler that a spec's module makes, if its type names one; see {@link HandlerModule}. */
type HandlerOf<Spec extends HandlerSpec> =
  Spec["module"] extends HandlerModule<infer Handler>
    ? object extends Handler
      ? UntypedHandler
      : Handler
    : UntypedHandler;

type NameOf<Spec extends HandlerSpec> = Spec extends { readonly name: infer Name extends string }
  ? Name
  : string;

/** The remotes of several handlers, by their names: known to the compiler where the specs spell them out. */
export type RemotesOf<Specs extends readonly HandlerSpec[]> = {
  readonly [Spec in Specs[number] as NameOf<Spec>]: Remote<HandlerOf<Spec>>;
};

type Call = (method: string, args: readonly unknown[]) => Promise<unknown[]>;

/** Names that the language itself asks objects for, in `await` and `JSON.stringify`: they must stay undefined. */
const ASKED_BY_THE_LANGUAGE: readonly PropertyKey[] = ["then", "toJSON"];

/** Turns `remote.report(1)` into `call("report", [1])`. */
export function remoteOf<Handler extends object>(call: Call): Remote<Handler> {
  return new Proxy(Object.create(null) as Remote<Handler>, {
    get: (_, method) => {
      if (typeof method !== "string" || ASKED_BY_THE_LANGUAGE.includes(method)) return undefined;
      return (...args: unknown[]) => call(method, args);
    },
  });
}

/** The remotes by name. A name that no handler has throws SIDECALL_REMOTE_HANDLER, since undefined would be called in vain. */
export function remotesOf<Remotes extends object>(remotes: Readonly<Record<string, object>>): Remotes {
  const named = Object.assign(Object.create(null) as Remotes, remotes);
  return new Proxy(named, {
    get: (target, name) => {
      if (typeof name !== "string" || name in target) return Reflect.get(target, name);
      if (ASKED_BY_THE_LANGUAGE.includes(name)) return undefined;
      const names = Object.keys(target).join(", ");
      throw new SidecallError(
        "SIDECALL_REMOTE_HANDLER",
        `Expected \`remotes\` to be asked for one of ${names}; got \`${name}\`. Give a handler that name in its spec, or use one of these.`,
      );
    },
  });
}

/** A call of a handler's method, as every transport makes it in each of its threads. */
export interface RemoteCall {
  /** The handler's place among the specs. */
  readonly index: number;
  readonly handler: string;
  readonly method: string;
  readonly args: Parcel;
}

/** Comlink's proxy of it; its own types, which need those of the DOM, must not get into this package's declarations. */
interface RemoteControl {
  call(...args: Parameters<ThreadControl["call"]>): Promise<CallResult>;
}

/** Makes one call in one thread. */
export async function callThread(control: RemoteControl, call: RemoteCall): Promise<CallResult> {
  const { index, method, args } = call;
  try {
    return await control.call(index, method, args);
  } catch (error) {
    // Comlink's message for a result that the thread could not post; else the arguments could not be.
    const role = errorText(error).includes("Unserializable return value") ? "result" : "arguments";
    throw valueError({ ...call, role }, "a part that cannot be cloned", error);
  }
}

/** The value that a method returned in its thread. Throws the error that it threw there. */
export function resultOf({ returned, error }: CallResult): unknown {
  if (error !== undefined) throw decodeValue(error);
  return returned && unpackParcel(returned);
}
