import { className, methodOf, tagOf } from "./kinds.ts";
import { StandIn } from "./stand-in.ts";

/*
 * Stand-ins of objects that cannot cross: what can be said of them without waiting, and never a body.
 */

type Details = Readonly<Record<string, unknown>>;

/** Properties that a stand-in shows, by the object's tag. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  Response: ["status", "statusText", "url", "headers"],
  Request: ["method", "url", "headers"],
  Blob: ["type", "size"],
  File: ["name", "type", "size", "lastModified"],
  AbortSignal: ["aborted", "reason"],
};

function formEntries(form: object): Details {
  const entries = methodOf(form, "entries")?.call(form);
  return { entries: Array.from(entries as Iterable<unknown>) };
}

function detailsOf(value: object, tag: string): Details | undefined {
  if (tag === "FormData") return formEntries(value);
  if (!Object.hasOwn(SHOWN, tag)) return undefined;
  const shown = (SHOWN[tag] ?? []).map((name) => [name, Reflect.get(value, name)] as const);
  return Object.fromEntries(shown.filter(([, each]) => each !== undefined));
}

/** The stand-in of an object that cannot cross. Throws what its getters throw. */
export function opaqueStandIn(value: object): StandIn {
  const tag = tagOf(value) ?? className(value);
  return new StandIn("not cloneable", `[object ${tag}]`, detailsOf(value, tag));
}
