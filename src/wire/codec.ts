import { cloneable } from "./cloneable.ts";
import { mayHoldFragileText } from "./exact-text.ts";
import { encode, encodeUncounted } from "./pack.ts";
import { StandIn } from "./stand-in.ts";
import { decoder } from "./unpack.ts";

/**
 * Encodes a value as msgpack, in memory that the next call overwrites. Never throws: parts that cannot cross arrive as
 * {@link StandIn}s. Class instances arrive as plain objects with their own enumerable properties; undefined
 * properties are left out, undefined elements become null, and -0 becomes 0.
 */
export function encodeValue(value: unknown): Uint8Array {
  try {
    const bytes = encode(value);
    if (!mayHoldFragileText(bytes)) return bytes;
  } catch {}
  try {
    return encodeUncounted(cloneable(value));
  } catch (error) {
    return encode(new StandIn("unreadable", error instanceof Error ? error.message : ""));
  }
}

/** Like `encodeValue`, in memory of its own. */
export function encodeCopy(value: unknown): Uint8Array {
  return encodeValue(value).slice();
}

/** Decodes what `encodeValue` wrote. `bytes` must not change afterwards: binary data in the value are views of them. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}
