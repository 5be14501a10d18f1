import { errorText } from "../common/errors.ts";
import { errorFields, jsonText } from "../common/json-text.ts";
import { snapshot } from "../wire/codec.ts";

/** An error as a trace shows it. */
export interface TracedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: unknown;
}

/** Describes a thrown value: an Error by its fields, anything else as text. Never throws. */
export function tracedError(error: unknown): TracedError | string {
  try {
    if (!(error instanceof Error)) return typeof error === "object" ? jsonText(error) : errorText(error);
    const { name, message, stack, code } = errorFields(error);
    return {
      name: String(name),
      message: String(message),
      ...(stack === undefined ? {} : { stack: String(stack) }),
      ...(code === undefined ? {} : { code: snapshot(code) }),
    };
  } catch {
    return errorText(error);
  }
}
