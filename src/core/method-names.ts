import { EVENT_INFO, EVENT_NAMES, type EventName } from "./events.ts";

/*
 * Names of handlers' methods: those of the event table, and the nearest of them for a name that is none.
 */

/** The methods by which a handler gets events. */
export const EVENT_METHODS: readonly string[] = [
  "onEvent",
  ...EVENT_NAMES.map((event) => EVENT_INFO[event].method),
];

/** LangChain.js names this one after another word. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([["onagentend", "onagentfinish"]]);
/** Longer names are compared by their beginning. */
const MAX_LENGTH = 64;

/** A name as all systems write it: `handleLLMStart`, `on_llm_start` and `onLlmStart` are one. */
function plain(name: string): string {
  const word = name
    .slice(0, MAX_LENGTH)
    .replaceAll("_", "")
    .toLowerCase()
    .replace(/^handle/, "on");
  return OTHER_WORDS.get(word) ?? word;
}

/** Levenshtein's distance: the characters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

interface Nearest {
  readonly method: string;
  /** 0: another system's name, or another spelling, of the same method. */
  readonly distance: number;
}

/** The method whose name is nearest to `name`. */
export function nearestOf(name: string, methods: readonly string[] = EVENT_METHODS): Nearest {
  const wanted = plain(name);
  const all = methods.map((method) => ({ method, distance: distance(wanted, method.toLowerCase()) }));
  return all.reduce((best, each) => (each.distance < best.distance ? each : best));
}

/** The event that a method of the table takes; undefined for `onEvent`. */
export function eventOf(method: string): EventName | undefined {
  return EVENT_NAMES.find((event) => EVENT_INFO[event].method === method);
}

/** Whether a method is named as if it took an event. */
export function isEventLike(name: string): boolean {
  return /^on[A-Z_]/.test(name);
}
