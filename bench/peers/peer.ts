import type { Counts } from "../handlers/counts.ts";

/** One question to a model, and its answer: streamed as tokens, or without any. */
export interface Chat {
  readonly instruction: string;
  readonly tokens: readonly string[];
  readonly answer: string;
}

/** Sends a fixed set of events. Resolves when the application's calls have returned, which may be before delivery. */
export type Send = () => Promise<void>;

/** One way to get events to counting handlers. */
export interface Peer {
  readonly name: string;
  /** Costs so much per token that a part of the text must do to find out how many it takes in a second. */
  readonly isSlow?: boolean;
  /** Opens a run (one start event without text); each `send` gives it all tokens, one call after the other. */
  tokenSender(tokens: readonly string[]): Promise<Send>;
  /** Each `send` runs the chats one after the other: a start, the tokens if there are any, an end. */
  chatSender(chats: readonly Chat[]): Promise<Send>;
  /** Resolves when everything sent is handled. */
  delivered(): Promise<void>;
  /** What each handler has counted. */
  counts(): Promise<readonly Counts[]>;
  /** Throws unless `bytes` more are sure to find room without anybody waiting. */
  checkRoom?(bytes: number): void;
  close(): Promise<void>;
}

export const nothing = async (): Promise<void> => undefined;
