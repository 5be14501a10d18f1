import { close, constants, openSync, write } from "node:fs";
import { promisify } from "node:util";
import { errorText, SidecallError } from "./errors.ts";

const writeAsync = promisify(write);
const closeAsync = promisify(close);

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants;
/** Truncates, then appends, so that several threads may share the file in this mode too. */
const TRUNCATE = O_APPEND | O_CREAT | O_TRUNC | O_WRONLY;

/** Limit of one write; a longer line is written alone. */
const CHARACTERS_PER_WRITE = 1 << 20;
/** `append` makes its caller wait from this many unwritten characters on. */
const HIGH_WATER_CHARACTERS = 4 << 20;

const WRITTEN: Promise<void> = Promise.resolve();

function cannotOpen(path: string, error: unknown): SidecallError {
  const message = `Expected a file that can be written, got ${path}: ${errorText(error)}`;
  return new SidecallError("SIDECALL_FILE_NOT_WRITABLE", message, error);
}

/**
 * A file that grows by whole lines, several per write. Each write is one append of the operating system, so that several
 * threads can have the same file open without tearing a line.
 */
export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  #texts: string[] = [];
  #characters = 0;
  #writing: Promise<void> | undefined;
  /** Set once a write has failed: rejects with its error. */
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
   * Takes a line, without its line break. Resolves at once while fewer than 4 Mi characters are unwritten, else when they
   * are written. Once a write has failed, this, `flush` and `close` reject with its error: lines were lost.
   */
  append(line: string): Promise<void> {
    return this.appendText(`${line}\n`);
  }

  /** Like `append`, for text that already has its line breaks. */
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

  /** Writes what is left and closes the file. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.flush().finally(() => closeAsync(this.#descriptor));
    return this.#closing;
  }

  #write(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#writeAll();
      // A failure is kept in #failed; callers need not await every write.
      this.#writing.catch(() => undefined);
    }
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      // One microtask later, the lines of this turn share a write.
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
