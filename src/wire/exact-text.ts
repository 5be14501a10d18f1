/*
 * msgpack's UTF-8 changes two kinds of text: beyond 50 units a lone surrogate becomes U+FFFD, and beyond 200 bytes a
 * leading U+FEFF is lost. Both leave a trace in the encoded bytes, so texts are checked only where the bytes hold one.
 */

const { indexOf } = Buffer.prototype;
const REPLACEMENT = Buffer.from("\ufffd");
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A text that msgpack would change: it crosses as UTF-16 units. */
export class ExactText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with keys that msgpack would change. */
export class ExactEntries {
  readonly entries: readonly (readonly [string, unknown])[];

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.entries = entries;
  }
}

export function isFragile(text: string): boolean {
  return text.startsWith("\ufeff") || LONE_SURROGATE.test(text);
}

/** Wraps a text that msgpack would change; returns any other as it is. */
export function exact(text: string): string | ExactText {
  return isFragile(text) ? new ExactText(text) : text;
}

/** Whether encoded bytes hold a U+FFFD or U+FEFF: part of a text as it was, or the trace of a fragile one. */
export function mayHoldFragileText(bytes: Uint8Array): boolean {
  // Both begin with 0xef: a rare byte, and one byte is found much faster than three.
  if (indexOf.call(bytes, 0xef) === -1) return false;
  return indexOf.call(bytes, REPLACEMENT) !== -1 || indexOf.call(bytes, BYTE_ORDER_MARK) !== -1;
}
