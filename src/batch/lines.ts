import { createReadStream } from "node:fs";

/** One line of a file: its text, or the reason why it cannot be read. Numbers start at 1. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

/** Longest line held in memory; a longer one becomes a problem. */
const MAX_LINE_BYTES = 64 << 20;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Collects a line's bytes across the chunks of a file. */
class LineBuffer {
  #number = 0;
  #parts: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes <= MAX_LINE_BYTES) this.#parts.push(part);
    else this.#parts = [];
  }

  /** Ends the line. Returns undefined for a blank one. */
  take(): Line | undefined {
    this.#number += 1;
    const tooLong = this.#bytes > MAX_LINE_BYTES;
    const bytes = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (tooLong) return { number: this.#number, problem: `it is longer than ${MAX_LINE_BYTES} bytes` };
    return this.#decode(bytes);
  }

  #decode(bytes: Buffer): Line | undefined {
    const number = this.#number;
    const start = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    try {
      const text = UTF8.decode(bytes.subarray(start, end));
      return text.trim() === "" ? undefined : { number, text };
    } catch {
      return { number, problem: "it is not UTF-8" };
    }
  }
}

/**
 * Yields the lines of a file that are not blank, on demand: memory holds one chunk and one line. Accepts a byte order
 * mark, CRLF and a missing last line break. Ends early, without an error, once `signal` is aborted.
 */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<Line, void> {
  const buffer = new LineBuffer();
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        buffer.add(chunk.subarray(start, end));
        start = end + 1;
        const line = buffer.take();
        if (line !== undefined) yield line;
      }
      if (start < chunk.length) buffer.add(chunk.subarray(start));
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const last = buffer.isEmpty ? undefined : buffer.take();
  if (last !== undefined) yield last;
}
