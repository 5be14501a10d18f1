import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { decode, encode } from "gpt-tokenizer";
import { ROOT } from "./paths.ts";
import type { Chat } from "./peer.ts";

/** The text to send. `source` says where it comes from. */
export interface Corpus {
  readonly source: string;
  readonly chats: readonly Chat[];
}

const RECORDED = new URL("../shared/data/alpaca-eval-gpt-4o.json.gz", ROOT);
const GENERATED_CHATS = 800;
const WORDS =
  "the of and a to in is you that it he was for on are as with his they I at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part".split(
    " ",
  );

function recorded(): Corpus {
  const entries: { instruction: string; output: string }[] = JSON.parse(
    gunzipSync(readFileSync(RECORDED)).toString(),
  );
  const chats = entries.map(({ instruction, output }) => ({
    instruction,
    tokens: encode(output).map((token) => decode([token])),
    answer: output,
  }));
  return { source: "recorded answers of gpt-4o to AlpacaEval, cut into tokens by gpt-tokenizer", chats };
}

/** Generates the same words each time, by a linear congruential generator. */
export function generated(): Corpus {
  let state = 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = (count: number) => Array.from({ length: count }, () => ` ${WORDS[next(WORDS.length)]}`);
  const chats = Array.from({ length: GENERATED_CHATS }, () => {
    const tokens = words(50 + next(700));
    return { instruction: words(30).join(""), tokens, answer: tokens.join("") };
  });
  return { source: "generated words", chats };
}

export function loadCorpus(): Corpus {
  try {
    return recorded();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return generated();
    throw error;
  }
}

/** Picks up to `count` items spread evenly over a list. */
export function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(items.length / count));
  return items.filter((_, i) => i % step === 0).slice(0, count);
}

export function firstTokens({ chats }: Corpus, count: number): string[] {
  return chats.flatMap(({ tokens }) => tokens).slice(0, count);
}

export function runsWithoutTokens({ chats }: Corpus, count: number): Chat[] {
  return spread(chats, count).map((chat) => ({ ...chat, tokens: [] }));
}
