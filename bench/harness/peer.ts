import type { Counts } from "./counts.ts";

/** A prompt and its answer, whole and as tokens; without tokens if it is not streamed. */
export interface Chat {
  readonly instruction: string;
  readonly tokens: readonly string[];
  readonly answer: string;
}

/** Sends a fixed set of events. Resolves when the application's calls have resolved, perhaps before delivery. */
export type Send = () => Promise<void>;

/** One way to get events to counting handlers. */
export interface Peer {
  readonly name: string;
  /** True where a rate is measured with a part of the text, since the whole would take too long. @default false */
  readonly isSlow?: boolean;
  /** Opens a run (one start event without text); each send awaits one call per token. */
  tokenSender(tokens: readonly string[]): Promise<Send>;
  /** Each send runs the chats in order: a start, the tokens if there are any, an end. */
  chatSender(chats: readonly Chat[]): Promise<Send>;
  /** Resolves when everything sent is handled. */
  delivered(): Promise<void>;
  /** Resolves with the counts of each handler. */
  counts(): Promise<readonly Counts[]>;
  /** Throws unless `bytes` more fit without waiting for room. */
  checkRoom?(bytes: number): void;
  close(): Promise<void>;
}

export const nothing = async (): Promise<void> => undefined;
