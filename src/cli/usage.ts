import { type ParseArgsConfig, parseArgs } from "node:util";
import { errorText, SidecallError } from "../common/errors.ts";

/** Exit codes. 130 and 143 are 128 plus the number of the signal that stopped the command. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  broken: 4,
  sigint: 130,
  sigterm: 143,
} as const;

/** The exports of every command's module. */
export interface Command {
  readonly HELP: string;
  /** Runs with the arguments behind the command's name; resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}

export function usageError(message: string): SidecallError {
  return new SidecallError("SIDECALL_USAGE", `${message}; see \`sidecall [command] --help\``);
}

/** Formats an error for the terminal; a SidecallError without its class name. */
export function plainText(error: unknown): string {
  return error instanceof SidecallError ? error.message : errorText(error);
}

/** Calls `parseArgs`; throws SIDECALL_USAGE for its errors. */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const complaint = error instanceof Error ? error.message : String(error);
    throw usageError(complaint.split(/[.;]\s/)[0] ?? complaint);
  }
}

/** Rewrites an error about an API option to name the command's flag: --max-retries for `maxRetries`. */
export function inFlags(error: unknown, flags: object): unknown {
  if (!(error instanceof SidecallError) || error.code !== "SIDECALL_OPTION_INVALID") return error;
  const message = error.message.replace(/^Expected `(\w+)`/, (text, name: string) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return Object.hasOwn(flags, flag) ? `Expected --${flag}` : text;
  });
  return new SidecallError(error.code, message, error.cause);
}

/** Parses an option's number; undefined if the option is absent. Does not check its range. */
export function numberOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) {
    throw usageError(`Expected --${name} to be a number, got ${JSON.stringify(value)}`);
  }
  return number;
}
