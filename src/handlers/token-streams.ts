import type { TokenQueueOptions } from "../shared-memory/token-layout.ts";
import { type StreamEnd, TokenStream } from "./token-stream.ts";

/**
 * The streams of a handler by the id of what they carry (a run, or a trace), and those of runs still to come. An
 * ended stream is kept until somebody claims it, the newest `maxUnreadRuns` of them.
 */
export class TokenStreams {
  readonly #options: TokenQueueOptions;
  readonly #maxUnread: number;
  /** In order of their starts: not ended, or not claimed. */
  readonly #started = new Map<string, TokenStream>();
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

  /** The stream of a run that begins; of a run that had begun before, the same again. */
  open(id: string): TokenStream {
    const open = this.get(id);
    if (open !== undefined) return open;
    const stream = this.#awaited.get(id) ?? this.#upcoming.shift() ?? new TokenStream(this.#options);
    this.#awaited.delete(id);
    this.#forget(id, true);
    this.#started.set(id, stream);
    return stream;
  }

  /** The stream of a run that is under way. */
  get(id: string): TokenStream | undefined {
    const stream = this.#started.get(id);
    return stream?.end === undefined ? stream : undefined;
  }

  close(id: string, end: StreamEnd): void {
    const stream = this.get(id);
    if (stream === undefined) return;
    stream.close(end);
    if (stream.isClaimed) this.#started.delete(id);
    else this.#keepUnread();
  }

  /** The first stream that nobody has claimed, of a run that has begun or else of one to come. Claims it. */
  claimNext(): TokenStream {
    for (const [id, stream] of this.#started) if (!stream.isClaimed) return this.#claim(id, stream);
    const upcoming = this.#upcoming.find((stream) => !stream.isClaimed) ?? this.#addUpcoming();
    upcoming.claim();
    return upcoming;
  }

  /** The stream of a certain run, begun or not. Claims it. */
  claim(id: string): TokenStream {
    const stream = this.#started.get(id);
    if (stream !== undefined) return this.#claim(id, stream);
    const awaited = this.#awaited.get(id) ?? new TokenStream(this.#options);
    this.#awaited.set(id, awaited);
    awaited.claim();
    return awaited;
  }

  /** The first stream under way, else that of the next run. */
  current(): TokenStream {
    for (const stream of this.#started.values()) if (stream.end === undefined) return stream;
    return this.#upcoming[0] ?? this.#addUpcoming();
  }

  /** Ends streams of runs to come, as if their runs had been: all of them, or the first. */
  closeUpcoming(end: StreamEnd, all: boolean): void {
    const closed = this.#upcoming.splice(0, all ? this.#upcoming.length : 1);
    for (const stream of closed) stream.close(end);
  }

  #claim(id: string, stream: TokenStream): TokenStream {
    stream.claim();
    if (stream.end !== undefined) this.#forget(id, false);
    return stream;
  }

  #addUpcoming(): TokenStream {
    const stream = new TokenStream(this.#options);
    this.#upcoming.push(stream);
    return stream;
  }

  #keepUnread(): void {
    this.#unread += 1;
    if (this.#unread <= this.#maxUnread) return;
    for (const [id, stream] of this.#started) {
      if (stream.end !== undefined) {
        this.#forget(id, true);
        return;
      }
    }
  }

  /** Lets go of an ended stream, if the id is of one. */
  #forget(id: string, isLost: boolean): void {
    const stream = this.#started.get(id);
    if (stream?.end === undefined) return;
    this.#started.delete(id);
    this.#unread -= 1;
    if (isLost) this.#forgotten += 1;
  }
}
