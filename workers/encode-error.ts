import { Script } from "node:vm";
import { encodeCopy } from "../src/wire/codec.ts";

/*
 * Errors on their way to the main thread, with all that Node.js knows of them.
 */

const THROWER = "sidecall-locates-a-syntax-error";

/**
 * Puts file, line and source on top of the stack of a syntax error in an ES module. Node.js keeps them out of sight until it
 * prints an uncaught error; an error that a script throws gets them too.
 */
function locate(error: unknown): void {
  if (!(error instanceof SyntaxError)) return;
  const stack = error.stack ?? "";
  // Other syntax errors, such as from JSON.parse, have no such place, and may be many.
  if (!stack.startsWith("SyntaxError") || !stack.includes("compileSourceTextModule")) return;
  try {
    new Script("throw error", { filename: THROWER }).runInNewContext({ error });
  } catch {
    // Without a place of its own the error gets the script's.
    if (String(error.stack).startsWith(THROWER)) error.stack = stack;
  }
}

/** The msgpack of a thrown value. Adds to the stack of a syntax error where it is. Never throws. */
export function encodeError(error: unknown): Uint8Array {
  try {
    locate(error);
  } catch {
    // Such as from a getter: the codec puts a stand-in in its place.
  }
  return encodeCopy(error);
}

/** The place of a syntax error, from the first line of its stack: ` at file:///app/audit.js:3`. Empty for any other. */
export function placeOf(error: unknown): string {
  if (!(error instanceof SyntaxError)) return "";
  const place = /^(\S.*:\d+)\n/.exec(String(error.stack))?.[1];
  return place === undefined ? "" : ` at ${place}`;
}
