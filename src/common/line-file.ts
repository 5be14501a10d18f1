import { close, constants, openSync, write } from "node:fs";
import { promisify } from "node:util";
import { errorText, SidecallError } from "./errors.ts";

const writeAsync = promisify(write);
const closeAsync = promisify(close);

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants;
/** Truncates, and appends from then on: several threads may share the file in this mode too. */
const TRUNCATE = O_APPEND | O_CREAT | O_TRUNC | O_WRONLY;

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
 * A file that grows by whole lines, several to a write. Every write is one append of the operating system, so that
 * several threads may each have the same file open and no line is torn.
 */
export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  #texts: string[] = [];
  #characters = 0;
  #writing: Promise<void> | undefined;
  /** Rejects with what a write failed with. */
  #failed: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** "truncate" begins with an empty file. Throws SIDECALL_FILE_NOT_WRITABLE. */
  constructor(path: string, mode: "append" | "truncate") {
    this.path = path;
    try {
      this.#descriptor = openSync(path, mode === "append" ? "a" : TRUNCATE);
    } catch (error) {
      throw cannotOpen(path, error);
    }
  }

  /**
   * Takes a line, without its line break. Resolves when the next one is welcome: at once while little waits to be
   * written. Once a write has failed, this, `flush` and `close` reject with its error: lines were lost.
   */
  append(line: string): Promise<void> {
    return this.appendText(`${line}\n`);
  }

  /** The same for a text that is written as it is. */
  appendText(text: string): Promise<void> {
    if (this.#closing !== undefined) {
      const message = `${this.path} was closed before this was written; close it after the last line`;
      return Promise.reject(new SidecallError("SIDECALL_CLOSED", message));
    }
    if (this.#failed !== undefined) return this.#failed;
    this.#texts.push(text);
    this.#characters += text.length;
    const writing = this.#write();
    return this.#characters >= HIGH_WATER_CHARACTERS ? writing : WRITTEN;
  }

  /** Resolves when every line taken so far is in the file. */
  flush(): Promise<void> {
    return this.#failed ?? this.#writing ?? WRITTEN;
  }

  /** Writes what is left and closes the file. May be called often. */
  close(): Promise<void> {
    this.#closing ??= this.flush().finally(() => closeAsync(this.#descriptor));
    return this.#closing;
  }

  #write(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#writeAll();
      // A failure is told to whoever asks; not everybody does.
      this.#writing.catch(() => undefined);
    }
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      // Lets the lines of one turn of the event loop share a write.
      await Promise.resolve();
      while (this.#texts.length > 0) await this.#writeBytes(this.#take());
    } catch (error) {
      this.#texts = [];
      this.#failed = Promise.reject(error);
      this.#failed.catch(() => undefined);
    } finally {
      this.#writing = undefined;
    }
    return this.#failed;
  }

  #take(): Buffer {
    let characters = 0;
    let count = 0;
    for (const text of this.#texts) {
      if (count > 0 && characters + text.length > CHARACTERS_PER_WRITE) break;
      characters += text.length;
      count += 1;
    }
    this.#characters -= characters;
    return Buffer.from(this.#texts.splice(0, count).join(""));
  }

  async #writeBytes(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await writeAsync(this.#descriptor, bytes, written, bytes.length - written, null))
        .bytesWritten;
    }
  }
}
