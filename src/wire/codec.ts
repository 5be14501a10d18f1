import { errorText } from "../common/errors.ts";
import { copyPlainData, isPlainData } from "../common/plain-data.ts";
import { DEFAULT_LIMITS, type ResolvedLimits } from "../values/limits.ts";
import { StandIn } from "../values/stand-in.ts";
import { Packer } from "./packer.ts";
import { cloneableDecoder, decoder } from "./unpack.ts";

/** Undefined while it is at work: a getter may encode a value in the middle of an encoding. */
let idle: Packer | undefined = new Packer();

/** Such as for lack of memory, or at the end of the stack. */
function failed(error: unknown): StandIn {
  return new StandIn("unreadable", errorText(error));
}

/**
 * Encodes a value as msgpack, in memory that the next call overwrites. Never throws: parts that cannot cross, or exceed the
 * limits, arrive as `StandIn`s. src/values/kinds.ts has the rule by which objects cross; undefined properties are left out,
 * undefined elements become null, and -0 becomes 0.
 */
export function encodeValue(value: unknown, limits: ResolvedLimits = DEFAULT_LIMITS): Uint8Array {
  const packer = idle ?? new Packer();
  idle = undefined;
  try {
    return packer.pack(value, limits);
  } catch (error) {
    return packer.pack(failed(error), limits);
  } finally {
    idle = packer;
  }
}

/** Encodes a list of values, each in its place even if the first of them reach the limits. */
export function encodeTuple(values: readonly unknown[], limits: ResolvedLimits = DEFAULT_LIMITS): Uint8Array {
  const packer = idle ?? new Packer();
  idle = undefined;
  try {
    return packer.packTuple(values, limits);
  } catch (error) {
    return packer.pack(
      values.map(() => failed(error)),
      limits,
    );
  } finally {
    idle = packer;
  }
}

/** Like `encodeValue`, in memory of its own. */
export function encodeCopy(value: unknown, limits?: ResolvedLimits): Uint8Array {
  return encodeValue(value, limits).slice();
}

/** Decodes what `encodeValue` wrote. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}

/** Copies a value as it arrives in a worker thread, but such that `structuredClone` takes it. */
export function snapshot(value: unknown, limits: ResolvedLimits = DEFAULT_LIMITS): unknown {
  // Several times faster than by way of bytes.
  if (isPlainData([value])) {
    try {
      return copyPlainData(value);
    } catch {}
  }
  return cloneableDecoder.decode(encodeValue(value, limits).slice());
}
