import { closeSync, openSync, write } from "node:fs";
import { Writable } from "node:stream";

/** The destination of pino's worker: a file, with several lines per write. */
class LineTarget extends Writable {
  readonly #descriptor: number;

  constructor(path: string) {
    super({ highWaterMark: 1 << 20 });
    this.#descriptor = openSync(path, "a");
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error !== null || written === bytes.length) done(error);
      else this._write(bytes.subarray(written), "buffer", done);
    });
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    closeSync(this.#descriptor);
    done(error);
  }

  /** Calls back when all lines so far are in the file; pino requires it of a target that can be flushed. */
  flush(done: (error?: Error | null) => void): void {
    this.write("", done);
  }
}

export default function openTarget({ path }: { path: string }): Writable {
  return new LineTarget(path);
}
