import type { TracedError } from "./traced-error.ts";

function headOf({ name, message, stack }: TracedError): string {
  const title = `${name}: ${message}`;
  // A message that was changed, or cut, is not the stack's.
  return stack === undefined ? title : stack.includes(message) ? stack : `${title}\n${stack}`;
}

function linesOf(error: TracedError | string): readonly string[] {
  if (typeof error === "string") return error.split("\n");
  const { code, status, requestId, cause, errors = [], fields } = error;
  const values = Object.entries({ code, status, requestId, ...fields }).filter(
    ([, value]) => value !== undefined,
  );
  return [
    ...headOf(error).split("\n"),
    ...values.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
    ...errors.flatMap((part, i) => innerLines(`errors[${i}]`, part)),
    ...(cause === undefined ? [] : innerLines("cause", cause)),
  ];
}

function innerLines(label: string, error: TracedError | string): readonly string[] {
  const [head = "", ...rest] = linesOf(error);
  return [`  [${label}] ${head}`, ...rest.map((line) => `  ${line}`)];
}

/** An error on lines: its stack, then its values, parts and causes, indented by depth. */
export function printedError(error: TracedError | string): string {
  return linesOf(error).join("\n");
}
