import { close, openSync, write } from "node:fs";
import { promisify } from "node:util";
import { errorText, SidecallError } from "./errors.ts";

const writeAsync = promisify(write);
const closeAsync = promisify(close);

/** What one write takes at most, if no single line is longer. */
const CHARACTERS_PER_WRITE = 1 << 20;
/** From how many unwritten characters on a caller is asked to wait. */
const HIGH_WATER_CHARACTERS = 4 << 20;

const WRITTEN: Promise<void> = Promise.resolve();

function cannotOpen(path: string, error: unknown): SidecallError {
  const message = `Expected a file that can be written, got ${path}: ${errorText(error)}`;
  return new SidecallError("SIDECALL_FILE_NOT_WRITABLE", message, error);
}

/**
 * A file that grows by whole lines, several to a write. In mode "append" every write is one append of the
 * operating system, so that several threads may each have the same file open and no line is torn.
 */
export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  #lines: string[] = [];
  #characters = 0;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** "truncate" begins with an empty file. Throws SIDECALL_FILE_NOT_WRITABLE. */
  constructor(path: string, mode: "append" | "truncate") {
    this.path = path;
    try {
      this.#descriptor = openSync(path, mode === "append" ? "a" : "w");
    } catch (error) {
      throw cannotOpen(path, error);
    }
  }

  /**
   * Takes a line, without its line break. Resolves when the next one is welcome: at once while little waits to be
   * written. Rejects if writing failed; the lines of a failed write are lost.
   */
  append(line: string): Promise<void> {
    if (this.#closing !== undefined) {
      return Promise.reject(new SidecallError("SIDECALL_CLOSED", `${this.path} was closed before this line`));
    }
    this.#lines.push(line);
    this.#characters += line.length + 1;
    const writing = this.#start();
    if (this.#characters >= HIGH_WATER_CHARACTERS) return writing;
    // Whoever does not wait hears of a failure from flush, or from a later append.
    writing.catch(() => undefined);
    return WRITTEN;
  }

  /** Resolves when every line taken so far is in the file. */
  flush(): Promise<void> {
    return this.#writing ?? WRITTEN;
  }

  /** Writes what is left and closes the file. May be called often. */
  close(): Promise<void> {
    this.#closing ??= this.flush().finally(() => closeAsync(this.#descriptor));
    return this.#closing;
  }

  #start(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Lets the lines of one turn of the event loop share a write.
    await Promise.resolve();
    while (this.#lines.length > 0) await this.#write(this.#take());
  }

  #take(): Buffer {
    let characters = 0;
    let count = 0;
    for (const line of this.#lines) {
      if (count > 0 && characters + line.length > CHARACTERS_PER_WRITE) break;
      characters += line.length + 1;
      count += 1;
    }
    this.#characters -= characters;
    return Buffer.from(`${this.#lines.splice(0, count).join("\n")}\n`);
  }

  async #write(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await writeAsync(this.#descriptor, bytes, written, bytes.length - written, null))
        .bytesWritten;
    }
  }
}
