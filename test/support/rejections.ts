import { afterEach, beforeEach } from "vitest";
import { type HandlerFailure, onHandlerError } from "../../src/index.ts";

/** Collects, for each test of the file that calls it, the unhandled rejections and the reports of failures. */
export function collectRejections(): { readonly unhandled: unknown[]; readonly reports: HandlerFailure[] } {
  const unhandled: unknown[] = [];
  const reports: HandlerFailure[] = [];
  const note = (error: unknown) => unhandled.push(error);
  let previous = onHandlerError();
  beforeEach(() => {
    unhandled.length = 0;
    reports.length = 0;
    process.on("unhandledRejection", note);
    previous = onHandlerError((failure) => reports.push(failure));
  });
  afterEach(() => {
    process.off("unhandledRejection", note);
    onHandlerError(previous);
  });
  return { unhandled, reports };
}
