import type { TokenItem, TokenQueueOptions } from "../../token-queue/layout.ts";
import { type StreamEnd, TokenStream } from "./token-stream.ts";

interface Entry<Item extends TokenItem> {
  readonly id: string;
  readonly stream: TokenStream<Item>;
}

/**
 * A handler's streams by id (of a run, or of a trace), and the streams of runs to come. Of ended streams that are not
 * claimed the newest `maxUnread` are kept.
 */
export class StreamRegistry<Item extends TokenItem = TokenItem> {
  readonly #options: TokenQueueOptions;
  readonly #maxUnread: number;
  /** Streams of runs that have begun, in order of their starts. A stream is removed once it has ended and been claimed. */
  readonly #started = new Set<Entry<Item>>();
  /** The same by id; of an id that was used again, the latest. */
  readonly #byId = new Map<string, Entry<Item>>();
  /** Streams for the next runs, whatever their ids. */
  readonly #upcoming: TokenStream<Item>[] = [];
  /** Streams for runs that were asked for by id before they began. */
  readonly #awaited = new Map<string, TokenStream<Item>>();
  #unread = 0;
  #forgotten = 0;

  constructor(options: TokenQueueOptions, maxUnread: number) {
    this.#options = options;
    this.#maxUnread = maxUnread;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Begins the stream of a run that starts; does nothing if the run is under way. */
  open(id: string): void {
    if (this.get(id) !== undefined) return;
    const stream = this.#awaited.get(id) ?? this.#upcoming.shift() ?? this.#make();
    this.#awaited.delete(id);
    stream.id = id;
    const entry = { id, stream };
    this.#started.add(entry);
    this.#byId.set(id, entry);
  }

  /** The stream of a run that is under way. */
  get(id: string): TokenStream<Item> | undefined {
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

  /** Claims the first stream that is not claimed, of a run that has begun, else of one to come. */
  claimNext(): TokenStream<Item> {
    for (const entry of this.#started) if (!entry.stream.isClaimed) return this.#claim(entry);
    const upcoming = this.#upcoming.find((stream) => !stream.isClaimed) ?? this.#addUpcoming();
    upcoming.claim();
    return upcoming;
  }

  /** The stream of a certain run, begun or not. Claims it. */
  claim(id: string): TokenStream<Item> {
    const entry = this.#byId.get(id);
    if (entry !== undefined) return this.#claim(entry);
    const awaited = this.#awaited.get(id) ?? this.#make();
    this.#awaited.set(id, awaited);
    awaited.claim();
    return awaited;
  }

  /** The first stream under way, else the next run's. */
  current(): TokenStream<Item> {
    for (const { stream } of this.#started) if (stream.end === undefined) return stream;
    return this.#upcoming[0] ?? this.#addUpcoming();
  }

  /** Ends the streams of runs to come, all of them or the first alone. */
  closeUpcoming(end: StreamEnd, all: boolean): void {
    const closed = this.#upcoming.splice(0, all ? this.#upcoming.length : 1);
    for (const stream of closed) stream.close(end);
  }

  #make(): TokenStream<Item> {
    return new TokenStream<Item>(this.#options);
  }

  #addUpcoming(): TokenStream<Item> {
    const stream = this.#make();
    this.#upcoming.push(stream);
    return stream;
  }

  #claim(entry: Entry<Item>): TokenStream<Item> {
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

  #remove(entry: Entry<Item>): void {
    this.#started.delete(entry);
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id);
  }
}
