import { WriteStream } from "node:tty";
import { styleText } from "node:util";
import { invalidOption } from "./validate.ts";

/** Where text for people goes: `process.stdout`, another stream, or something that writes like one. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** Throws SIDECALL_OPTION_INVALID. */
export function checkStream(stream: TextStream): TextStream {
  if (typeof stream?.write === "function") return stream;
  throw invalidOption("stream", "a stream that text can be written to", stream);
}

/** A format of Node.js's `util.styleText`, such as "bold" or "green". */
export type TextFormat = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;
/** Gives a text in a format, or as it is. */
export type Paint = (format: TextFormat, text: string) => string;

export const plainText: Paint = (_, text) => text;
// Node.js would look at process.stdout, whatever the text is for.
const coloured: Paint = (format, text) => styleText(format, text, { validateStream: false });

/**
 * How text for a stream is painted. `colors` decides if it is given; else FORCE_COLOR, NO_COLOR and TERM are honoured
 * as Node.js itself honours them, and colours are for terminals alone. Throws SIDECALL_OPTION_INVALID.
 */
export function painter(
  stream: TextStream,
  colors?: boolean,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Paint {
  if (colors !== undefined && typeof colors !== "boolean") throw invalidOption("colors", "a boolean", colors);
  return (colors ?? hasColors(stream, env)) ? coloured : plainText;
}

function hasColors(stream: TextStream, env: Readonly<NodeJS.ProcessEnv>): boolean {
  const isMeant = stream.isTTY === true || env["FORCE_COLOR"] !== undefined;
  return isMeant && WriteStream.prototype.getColorDepth(env) > 1;
}
