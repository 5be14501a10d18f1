import { errorDetailKeys, errorPart } from "../values/errors.ts";
import type { Kind } from "../values/kinds.ts";
import { opaqueStandIn } from "../values/opaque.ts";
import { nativeTag, sizeOf, unboxed } from "../values/slots.ts";
import { StandIn } from "../values/stand-in.ts";
import { binaryCode, binaryName } from "./binary-classes.ts";
import { errorClasses } from "./errors.ts";
import {
  BINARY,
  DATE,
  ERROR,
  HEADERS,
  MAP,
  MATCH,
  REGEXP,
  SET,
  STAND_IN,
  TEMPORAL,
  URL_PARAMETERS,
  URL_TEXT,
} from "./extension-types.ts";
import { LimitedWriter } from "./limited-writer.ts";

/** Objects as which one counts, by what reading it costs: V8 makes the text of an error's stack when that is read. */
const WEIGHTS: Partial<Readonly<Record<Kind, number>>> = { error: 40, opaque: 10, headers: 10, url: 5 };
const BUILT_IN_WEIGHT = 3;
/** Texts of stand-ins, such as names and messages, are cut behind this length. */
const MAX_DESCRIPTION = 1000;

/** Writes objects of the classes that cross as themselves. Throws for an object that only claims to be one. */
export abstract class BuiltInPacker extends LimitedWriter {
  abstract value(value: unknown): void;
  /** Writes these properties of an object as a map, without those that are undefined. */
  protected abstract entries(object: object, keys: readonly string[]): void;
  /** Writes the elements of an array, by their indices. */
  protected abstract list(list: readonly unknown[]): void;

  /** A property of an object, or what takes its place. */
  protected abstract read(object: object, key: string | number): unknown;

  /** Writes an object of this kind. */
  protected builtIn(kind: Kind, value: object): void {
    this.countObjects((WEIGHTS[kind] ?? BUILT_IN_WEIGHT) - 1);
    if (kind === "error") this.#error(value as Error);
    else if (kind === "map") this.#map(value as Map<unknown, unknown>);
    else if (kind === "set") this.#set(value as Set<unknown>);
    else if (kind === "binary") this.#binary(value as ArrayBufferView | ArrayBufferLike);
    else if (kind === "match") this.#match(value as RegExpExecArray);
    else if (kind === "headers") this.#headers(value as Headers);
    else if (kind === "boxed") this.value(unboxed(value));
    else if (kind === "standIn") this.standIn(value as StandIn);
    else if (kind === "opaque") this.standIn(opaqueStandIn(value));
    else this.#leaf(kind, value);
  }

  protected standIn({ reason, text, details }: StandIn): void {
    this.countObjects(1);
    const length = details === undefined ? 2 : 3;
    const start = this.openExtension(STAND_IN);
    const list = this.pos;
    this.openList(length);
    this.text(reason);
    this.text(text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}…` : text);
    if (details !== undefined) this.value(details);
    this.closeList(list, length, length);
    this.closeExtension(start);
  }

  /** Writes the stand-in for parts beyond a limit. */
  protected missing(count: number, one: string, several: string): void {
    this.standIn(new StandIn("too large", `${count} more ${count === 1 ? one : several}`));
  }

  /** Writes an object that has no parts to walk. */
  #leaf(kind: Kind, value: object): void {
    if (kind === "date") this.#tuple(DATE, [Date.prototype.getTime.call(value)]);
    else if (kind === "url") this.#tuple(URL_TEXT, [(value as URL).href]);
    else if (kind === "parameters") this.#tuple(URL_PARAMETERS, [String(value)]);
    else if (kind === "temporal") this.#tuple(TEMPORAL, [nativeTag(value), String(value)]);
    else if (kind === "regexp") {
      const { source, flags } = value as RegExp;
      this.#tuple(REGEXP, [source, flags]);
    } else throw new TypeError(`Expected a kind of built-in object, got ${kind}.`);
  }

  /** Writes an extension with a list of values. */
  #tuple(type: number, values: readonly unknown[]): void {
    const start = this.openExtension(type);
    const list = this.pos;
    this.openList(values.length);
    for (const value of values) this.value(value);
    this.closeList(list, values.length, values.length);
    this.closeExtension(start);
  }

  /** Writes the parts of `ErrorParts`. */
  #error(error: Error): void {
    const stack = errorPart(error, "stack");
    const start = this.openExtension(ERROR);
    const list = this.pos;
    this.openList(6);
    this.text(this.#shortened(errorPart(error, "name") ?? ""));
    this.text(this.#shortened(errorPart(error, "message") ?? ""));
    if (stack === undefined) this.nil();
    else this.text(this.#shortened(stack));
    this.value(this.read(error, "cause"));
    this.entries(error, errorDetailKeys(error));
    const classes = this.pos;
    this.openList(2);
    for (const className of errorClasses(error)) this.text(this.#shortened(className));
    this.closeList(classes, 2, 2);
    this.closeList(list, 6, 6);
    this.closeExtension(start);
  }

  #map(map: Map<unknown, unknown>): void {
    const entries = Map.prototype.entries.call(map);
    const start = this.openExtension(MAP);
    this.#pairs(entries, sizeOf(Map.prototype, map));
    this.closeExtension(start);
  }

  #set(set: Set<unknown>): void {
    const values = Set.prototype.values.call(set);
    const start = this.openExtension(SET);
    this.#members(values, sizeOf(Set.prototype, set));
    this.closeExtension(start);
  }

  #headers(headers: Headers): void {
    const entries: [string, string][] = [];
    headers.forEach((value, name) => {
      entries.push([String(name), String(value)]);
    });
    const start = this.openExtension(HEADERS);
    this.#pairs(entries, entries.length);
    this.closeExtension(start);
  }

  #binary(value: ArrayBufferView | ArrayBufferLike): void {
    const code = binaryCode(value);
    // Throws for memory that is detached.
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    if (!this.fits(bytes.byteLength)) {
      const text = `${binaryName(code)} of ${bytes.byteLength} bytes`;
      this.standIn(new StandIn("too large", text));
      return;
    }
    const start = this.openExtension(BINARY);
    this.byte(code);
    this.raw(bytes);
    this.closeExtension(start);
  }

  /** The text, or what takes its place where a text has to be. */
  #shortened(text: string): string {
    return this.fitsText(text) ? text : `[too large: text of ${text.length} characters]`;
  }

  /** Writes the entries of a Map, or pairs like them, as a flat list. */
  #pairs(entries: Iterable<readonly [unknown, unknown]>, size: number): void {
    const most = 2 * this.mostKeys(size);
    const start = this.pos;
    this.openList(most);
    let count = 0;
    for (const [key, value] of entries) {
      // A getter among the values may add entries.
      if (count === size) break;
      const isCut = !this.countKey();
      this.value(isCut ? "…" : key);
      if (isCut) this.missing(size - count, "entry", "entries");
      else this.value(value);
      count += 1;
      if (isCut) break;
    }
    this.closeList(start, most, 2 * count);
  }

  #members(values: Iterable<unknown>, size: number): void {
    const most = this.mostElements(size);
    const start = this.pos;
    this.openList(most);
    let count = 0;
    for (const value of values) {
      if (count === size) break;
      const isCut = !this.countElement();
      if (isCut) this.missing(size - count, "value", "values");
      else this.value(value);
      count += 1;
      if (isCut) break;
    }
    this.closeList(start, most, count);
  }

  #match(match: RegExpExecArray): void {
    const start = this.openExtension(MATCH);
    const list = this.pos;
    this.openList(5);
    this.list(match);
    this.value(match.index);
    this.value(match.input);
    this.value(match.groups);
    this.value(match.indices);
    this.closeList(list, 5, 5);
    this.closeExtension(start);
  }
}
