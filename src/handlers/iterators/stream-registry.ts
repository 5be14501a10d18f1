import type { TokenQueueOptions } from "../../token-queue/layout.ts";
import { type StreamEnd, TokenStream } from "./token-stream.ts";

interface Entry {
  readonly id: string;
  readonly stream: TokenStream;
}

/**
 * The streams of a handler by the id of what they carry (a run, or a trace), and those of runs still to come. An
 * ended stream is kept until somebody claims it, the newest `maxUnread` of them.
 */
export class StreamRegistry {
  readonly #options: TokenQueueOptions;
  readonly #maxUnread: number;
  /** Streams that have not ended, or are not claimed, in order of their starts. */
  readonly #started = new Set<Entry>();
  /** The same by id; where an id was used again, the latest. */
  readonly #byId = new Map<string, Entry>();
  /** For the next runs, whichever they are. */
  readonly #upcoming: TokenStream[] = [];
  /** For runs that were asked for by their ids before they began. */
  readonly #awaited = new Map<string, TokenStream>();
  #unread = 0;
  #forgotten = 0;

  constructor(options: TokenQueueOptions, maxUnread: number) {
    this.#options = options;
    this.#maxUnread = maxUnread;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** A run begins; if it is under way already, nothing changes. */
  open(id: string): void {
    if (this.get(id) !== undefined) return;
    const stream = this.#awaited.get(id) ?? this.#upcoming.shift() ?? this.#make();
    this.#awaited.delete(id);
    const entry = { id, stream };
    this.#started.add(entry);
    this.#byId.set(id, entry);
  }

  /** The stream of a run that is under way. */
  get(id: string): TokenStream | undefined {
    const stream = this.#byId.get(id)?.stream;
    return stream?.end === undefined ? stream : undefined;
  }

  close(id: string, end: StreamEnd): void {
    const entry = this.#byId.get(id);
    if (entry === undefined || entry.stream.end !== undefined) return;
    entry.stream.close(end);
    if (entry.stream.isClaimed) this.#remove(entry);
    else this.#keepUnread();
  }

  /** The first stream that nobody has claimed, of a run that has begun or else of one to come. Claims it. */
  claimNext(): TokenStream {
    for (const entry of this.#started) if (!entry.stream.isClaimed) return this.#claim(entry);
    const upcoming = this.#upcoming.find((stream) => !stream.isClaimed) ?? this.#addUpcoming();
    upcoming.claim();
    return upcoming;
  }

  /** The stream of a certain run, begun or not. Claims it. */
  claim(id: string): TokenStream {
    const entry = this.#byId.get(id);
    if (entry !== undefined) return this.#claim(entry);
    const awaited = this.#awaited.get(id) ?? this.#make();
    this.#awaited.set(id, awaited);
    awaited.claim();
    return awaited;
  }

  /** The first stream under way, else that of the next run. */
  current(): TokenStream {
    for (const { stream } of this.#started) if (stream.end === undefined) return stream;
    return this.#upcoming[0] ?? this.#addUpcoming();
  }

  /** Ends streams of runs to come, as if their runs had been: all of them, or the first. */
  closeUpcoming(end: StreamEnd, all: boolean): void {
    const closed = this.#upcoming.splice(0, all ? this.#upcoming.length : 1);
    for (const stream of closed) stream.close(end);
  }

  #make(): TokenStream {
    return new TokenStream(this.#options);
  }

  #addUpcoming(): TokenStream {
    const stream = this.#make();
    this.#upcoming.push(stream);
    return stream;
  }

  #claim(entry: Entry): TokenStream {
    const { stream } = entry;
    if (stream.end !== undefined) {
      this.#remove(entry);
      this.#unread -= 1;
    }
    stream.claim();
    return stream;
  }

  #keepUnread(): void {
    this.#unread += 1;
    if (this.#unread <= this.#maxUnread) return;
    for (const entry of this.#started) {
      if (entry.stream.end === undefined) continue;
      this.#remove(entry);
      this.#unread -= 1;
      this.#forgotten += 1;
      return;
    }
  }

  #remove(entry: Entry): void {
    this.#started.delete(entry);
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id);
  }
}
