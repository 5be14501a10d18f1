import { SidecallError } from "../src/common/errors.ts";
import { type Parcel, packParcel, unpackParcel } from "../src/wire/parcel.ts";
import type { CallResult, ThreadControl } from "../src/wire/protocol.ts";
import { encodeError } from "./encode-error.ts";
import type { HandlerSlot } from "./load-handlers.ts";

/** Calls `flush` or `close` of every handler that has it, all together. Returns the msgpack of the errors that they threw. */
async function callAll(
  slots: readonly HandlerSlot[],
  verb: "flush" | "close",
): Promise<readonly Uint8Array[]> {
  const results = await Promise.allSettled(slots.map(async ({ handler }) => handler[verb]?.()));
  return results.flatMap((result) => (result.status === "rejected" ? [encodeError(result.reason)] : []));
}

/** The calls that the main thread may make. `released` resolves when all before a position is handled. */
export function controlOf(
  slots: readonly HandlerSlot[],
  released: (position: number) => Promise<void>,
): ThreadControl {
  return {
    async flush(position) {
      await released(position);
      return callAll(slots, "flush");
    },
    close: () => callAll(slots, "close"),
    async call(handler, method, args) {
      try {
        return await callMethod(slots[handler], method, args);
      } catch (error) {
        return { error: encodeError(error) };
      }
    },
  };
}

async function callMethod(slot: HandlerSlot | undefined, method: string, args: Parcel): Promise<CallResult> {
  const called: unknown = slot === undefined ? undefined : Reflect.get(slot.handler, method);
  if (slot === undefined || typeof called !== "function") {
    const message = `Expected the name of a method of handler ${slot?.name}, got \`${method}\`.`;
    throw new SidecallError("SIDECALL_REMOTE_METHOD", message);
  }
  const result: unknown = await Reflect.apply(called, slot.handler, unpackParcel(args) as unknown[]);
  return { returned: packParcel(result, { handler: slot.name, method, role: "result" }) };
}
