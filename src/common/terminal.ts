import { WriteStream } from "node:tty";
import { styleText } from "node:util";
import { invalidOption } from "./validate.ts";

/** A destination of text for people: `process.stdout`, another stream, or an object with such a `write`. */
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
/** Formats a text, or returns it unchanged. */
export type Paint = (format: TextFormat, text: string) => string;

export const plainText: Paint = (_, text) => text;
// By default Node.js validates process.stdout, which may not be the destination.
const coloured: Paint = (format, text) => styleText(format, text, { validateStream: false });

/**
 * The painter for a stream. `colors` decides if it is given. Otherwise FORCE_COLOR, NO_COLOR and TERM count as they do in
 * Node.js, and only terminals get colours. Throws SIDECALL_OPTION_INVALID.
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
