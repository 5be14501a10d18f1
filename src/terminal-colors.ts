import { WriteStream } from "node:tty";
import { styleText } from "node:util";

/** Where text for people goes: `process.stdout`, another stream, or something that writes like one. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Formats of Node.js's `util.styleText`, such as "bold" or ["green", "italic"]. */
export type TextFormat = Parameters<typeof styleText>[0];
/** Gives a text in a format, or as it is. */
export type Paint = (format: TextFormat, text: string) => string;

export const plainText: Paint = (_, text) => text;
// Node.js would look at process.stdout, whatever the text is for.
const coloured: Paint = (format, text) => styleText(format, text, { validateStream: false });

/**
 * How text for a stream is painted. `colors` decides if it is given; else FORCE_COLOR, NO_COLOR and TERM are honoured
 * as Node.js itself honours them, and colours are for terminals alone.
 */
export function painter(
  stream: TextStream,
  colors?: boolean,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Paint {
  return (colors ?? hasColors(stream, env)) ? coloured : plainText;
}

function hasColors(stream: TextStream, env: Readonly<NodeJS.ProcessEnv>): boolean {
  const isMeant = stream.isTTY === true || env["FORCE_COLOR"] !== undefined;
  return isMeant && WriteStream.prototype.getColorDepth(env) > 1;
}
