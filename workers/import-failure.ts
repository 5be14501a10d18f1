import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorText } from "../src/common/errors.ts";
import { placeOf } from "./encode-error.ts";

/*
 * Explains why a handler's module could not be imported, and what helps.
 */

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Describes a missing file, if the module itself is missing rather than one that it imports. */
function missingFile(href: string, error: unknown): string | undefined {
  if (codeOf(error) !== "ERR_MODULE_NOT_FOUND" || !href.startsWith("file:")) return undefined;
  const path = fileURLToPath(href);
  if (existsSync(path)) return undefined;
  const source = path.replace(/\.([cm]?)js$/, ".$1ts");
  const isBuilt = source === path || !existsSync(source);
  return isBuilt ? "there is no such file" : `there is no such file; ${source} exists: build it, or name it`;
}

const TYPESCRIPT_HELP =
  "This Node.js runs no TypeScript by itself, and before Node.js 22 loaders such as tsx do not reach worker threads: give the " +
  "built `.js` file, or a `.mjs` module that registers the loader and then imports the handler, or use Node.js 22.18 or later.";

function helpFor(error: unknown): string {
  const isTypeScript = /Unknown file extension "\.[cm]?ts"/.test(errorText(error));
  return codeOf(error) === "ERR_UNKNOWN_FILE_EXTENSION" && isTypeScript ? ` ${TYPESCRIPT_HELP}` : "";
}

/** The message for a module that could not be imported. Encode the error first: that locates a syntax error. */
export function importFailure(href: string, error: unknown): string {
  const missing = missingFile(href, error);
  if (missing !== undefined) return `Could not import ${href}: ${missing}.`;
  return `Could not import ${href}: ${errorText(error)}${placeOf(error)}.${helpFor(error)}`;
}
