import { type Counts, NOTHING } from "../handlers/counts.ts";
import type { Chat, Peer, Send } from "../peers/peer.ts";

/** Generous: what a frame costs in a ring besides its text, and a UTF-16 unit at its longest. */
const BYTES_PER_EVENT = 64;
const BYTES_PER_CHARACTER = 2;

/** What one send of a load amounts to. */
export interface Load {
  readonly events: number;
  readonly counts: Counts;
  /** At most this much in a ring. */
  readonly bytes: number;
  /** What preparing the load sends. */
  readonly opening: Counts;
  prepare(peer: Peer): Promise<Send>;
}

function textLoad(
  counts: Omit<Counts, "characters">,
  texts: readonly string[],
): Omit<Load, "opening" | "prepare"> {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const events = counts.tokens + counts.starts + counts.ends;
  // Each start has a second frame, for its run.
  const bytes = BYTES_PER_EVENT * (events + counts.starts) + BYTES_PER_CHARACTER * characters;
  return { events, counts: { ...counts, characters }, bytes };
}

/** Tokens of one run that is open all the while. */
export function tokenLoad(tokens: readonly string[]): Load {
  return {
    ...textLoad({ ...NOTHING, tokens: tokens.length }, tokens),
    opening: { ...NOTHING, starts: 1 },
    prepare: (peer) => peer.tokenSender(tokens),
  };
}

/** Whole runs. */
export function chatLoad(chats: readonly Chat[]): Load {
  const tokens = chats.flatMap((chat) => chat.tokens);
  const texts = chats.flatMap(({ instruction, answer }) => [instruction, answer]);
  return {
    ...textLoad({ tokens: tokens.length, starts: chats.length, ends: chats.length }, [...texts, ...tokens]),
    opening: NOTHING,
    prepare: (peer) => peer.chatSender(chats),
  };
}
