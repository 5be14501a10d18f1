import { contentText } from "./message-text.ts";
import type { TokenContent } from "./payloads.ts";

/**
 * The text of a token as callers hand it in: a delta's content, which may be null, or blocks. Of blocks their texts count;
 * all else is an empty token. Never throws.
 */
export function tokenText(token: unknown): string {
  if (typeof token === "string") return token;
  return typeof token === "object" ? contentText(token) : "";
}

/** A chunk in LangChain's shape that keeps a token's blocks, those without text too; undefined if it has none. */
export function chunkOfBlocks(token: TokenContent): object | undefined {
  if (!Array.isArray(token)) return undefined;
  return { text: tokenText(token), message: { type: "ai", content: token } };
}
