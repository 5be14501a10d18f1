import { type Counts, NOTHING } from "./counts.ts";
import type { Chat, Peer, Send } from "./peer.ts";

/** Generous estimates of the space in a ring: a frame without its text, and a character of the text. */
const BYTES_PER_EVENT = 64;
const BYTES_PER_CHARACTER = 2;

/** A fixed set of events to send. */
export interface Load {
  readonly events: number;
  /** Sent by each send. */
  readonly counts: Counts;
  /** Upper bound of the space that one send takes in a ring. */
  readonly bytes: number;
  /** Sent by `prepare`, once. */
  readonly opening: Counts;
  prepare(peer: Peer): Promise<Send>;
}

function textLoad(
  counts: Omit<Counts, "characters">,
  texts: readonly string[],
): Omit<Load, "opening" | "prepare"> {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const events = counts.tokens + counts.starts + counts.ends;
  // A start takes two frames: the run's definition and the event.
  const bytes = BYTES_PER_EVENT * (events + counts.starts) + BYTES_PER_CHARACTER * characters;
  return { events, counts: { ...counts, characters }, bytes };
}

/** Tokens of one run that stays open. */
export function tokenLoad(tokens: readonly string[]): Load {
  return {
    ...textLoad({ ...NOTHING, tokens: tokens.length }, tokens),
    opening: { ...NOTHING, starts: 1 },
    prepare: (peer) => peer.tokenSender(tokens),
  };
}

/** Whole runs: start, tokens and end of each chat. */
export function chatLoad(chats: readonly Chat[]): Load {
  const tokens = chats.flatMap((chat) => chat.tokens);
  const texts = chats.flatMap(({ instruction, answer }) => [instruction, answer]);
  return {
    ...textLoad({ tokens: tokens.length, starts: chats.length, ends: chats.length }, [...texts, ...tokens]),
    opening: NOTHING,
    prepare: (peer) => peer.chatSender(chats),
  };
}
