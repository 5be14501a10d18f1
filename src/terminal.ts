/** Where text is printed, such as `process.stdout`. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** Whether to colour what is printed there: on a terminal, unless NO_COLOR is set; FORCE_COLOR overrules both. */
export function hasColors(stream: TextStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused } = env;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && (refused === undefined || refused === "");
}
