import { Decoder, Encoder } from "@msgpack/msgpack";
import { cloneable } from "./cloneable.ts";
import { ENCODE_OPTIONS, extensionCodec, resetObjectCount } from "./extensions.ts";
import { StandIn } from "./stand-in.ts";

/** An encoder that once grew beyond this is let go, lest one huge event pin its memory for good. */
const MAX_KEPT_BYTES = 1024 * 1024;

let encoder = new Encoder(ENCODE_OPTIONS);
const decoder = new Decoder({ extensionCodec });

function encodeFast(value: unknown): Uint8Array {
  resetObjectCount();
  const bytes = encoder.encodeSharedRef(value);
  if (bytes.buffer.byteLength > MAX_KEPT_BYTES) encoder = new Encoder(ENCODE_OPTIONS);
  return bytes;
}

/**
 * A value as msgpack, in memory that the next call overwrites. Never throws: what cannot cross arrives as a
 * {@link StandIn}. Class instances arrive as plain objects with their own enumerable properties; undefined
 * properties are left out, undefined elements become null.
 */
export function encodeValue(value: unknown): Uint8Array {
  try {
    return encodeFast(value);
  } catch {
    // A failed encoder may be left in any state.
    encoder = new Encoder(ENCODE_OPTIONS);
  }
  try {
    return encodeFast(cloneable(value));
  } catch (error) {
    encoder = new Encoder(ENCODE_OPTIONS);
    return encodeFast(new StandIn("unreadable", error instanceof Error ? error.message : ""));
  }
}

/** The value that `encodeValue` wrote. `bytes` must not change afterwards: binary data in the value refers to them. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}
