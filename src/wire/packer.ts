import { isHollow, type Kind, kindOf, messageType } from "../values/kinds.ts";
import type { ResolvedLimits } from "../values/limits.ts";
import { StandIn, unreadable } from "../values/stand-in.ts";
import { BuiltInPacker } from "./built-in-packer.ts";
import { BIGINT, ENTRIES } from "./extension-types.ts";

/** Texts of a tuple that are no longer than this are always written: ids and names, without which the rest is lost. */
const MAX_HEAD_TEXT = 1000;

/** Objects as which a part counts that throws: V8 collects a stack for the error. */
const THROWN_WEIGHT = 10;

/** LangChain's own marks on its classes repeat what the fields say. */
function isMark(key: string): boolean {
  return key.startsWith("lc_");
}

/** A bound of a bigint's digits, at most twice their number: their number itself would take as long as the digits. */
function maxDigits(value: bigint): number {
  let bits = 64;
  while (BigInt.asIntN(bits, value) !== value) bits *= 2;
  return Math.ceil(bits / Math.log2(10));
}

/**
 * Writes any value as msgpack in one walk, which reads every part once. Parts that cannot cross, throw when they are read, or
 * exceed the limits, are replaced in place by {@link StandIn}s.
 */
export class Packer extends BuiltInPacker {
  /** The objects around the value that is written. */
  readonly #ancestors: object[] = [];
  /** The last object whose `toJSON` gave undefined: as a property it is left out, like undefined itself. */
  #absent: object | undefined;

  /** Writes a value, in memory that the next call overwrites. */
  pack(value: unknown, limits: ResolvedLimits): Uint8Array {
    this.begin(limits);
    this.value(value);
    return this.written();
  }

  /** Writes a list of values, each in its place even if the first of them reach the limits. */
  packTuple(values: readonly unknown[], limits: ResolvedLimits): Uint8Array {
    this.begin(limits);
    const { length } = values;
    const start = this.pos;
    this.openList(length);
    for (const value of values) {
      if (typeof value === "string" && value.length <= MAX_HEAD_TEXT) this.text(value);
      else this.value(value);
    }
    this.closeList(start, length, length);
    return this.written();
  }

  protected override begin(limits: ResolvedLimits): void {
    super.begin(limits);
    this.#ancestors.length = 0;
    this.#absent = undefined;
  }

  override value(value: unknown): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.boolean(value);
    else if (value === null || value === undefined) this.nil();
    else if (typeof value === "object") this.#object(value);
    else this.#other(value);
  }

  #other(value: unknown): void {
    if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "symbol") this.standIn(new StandIn("symbol", value.description ?? ""));
    else this.#function(Object(value));
  }

  #text(text: string): void {
    if (this.fitsText(text)) this.text(text);
    else this.standIn(new StandIn("too large", `text of ${text.length} characters`));
  }

  #bigint(value: bigint): void {
    const digits = this.fitsDigits(value) ? value.toString() : undefined;
    if (digits === undefined || !this.countDigits(digits.replace("-", "").length)) {
      this.standIn(new StandIn("too large", `bigint of up to ${maxDigits(value)} digits`));
      return;
    }
    this.countObjects(1);
    const start = this.openExtension(BIGINT);
    this.text(digits);
    this.closeExtension(start);
  }

  #function(value: object): void {
    let name = "";
    try {
      name = String(Reflect.get(value, "name"));
    } catch {}
    this.standIn(new StandIn("function", name));
  }

  #object(value: object): void {
    const ancestors = this.#ancestors;
    const depth = ancestors.length;
    const cut = this.#cutOf(value, depth);
    if (cut !== undefined) {
      this.standIn(cut);
      return;
    }
    ancestors.push(value);
    const { pos } = this;
    try {
      this.#as(kindOf(value), value);
    } catch (error) {
      this.pos = pos;
      while (ancestors.length > depth + 1) ancestors.pop();
      this.standIn(this.#unreadable(error));
    }
    ancestors.pop();
  }

  /** Returns the stand-in for an object that is not looked at. */
  #cutOf(value: object, depth: number): StandIn | undefined {
    // Faster than `includes` for the few that there are.
    for (let i = 0; i < depth; i += 1) {
      if (this.#ancestors[i] === value) return new StandIn("cycle", "");
    }
    if (depth >= this.maxDepth) return new StandIn("too deep", "");
    return this.countObjects(1) ? undefined : new StandIn("too large", "1 more object");
  }

  #as(kind: Kind, value: object): void {
    if (kind === "fields") this.#fields(value);
    else if (kind === "list") this.list(value as readonly unknown[]);
    else if (kind === "data") this.#data(value);
    else if (kind === "json") this.#json(value);
    else this.builtIn(kind, value);
  }

  #fields(object: object): void {
    const keys = Object.keys(object);
    if (keys.length === 0 && isHollow(object)) this.builtIn("opaque", object);
    else this.entries(object, keys);
  }

  #data(object: object): void {
    const keys = Object.keys(object).filter((key) => !isMark(key));
    // A message of an older version has its type in a method alone.
    const type = keys.includes("type") ? undefined : messageType(object);
    this.entries(object, keys, type === undefined ? undefined : ["type", type]);
  }

  /** The result of `toJSON` is not asked for its own. */
  #json(value: object): void {
    this.#absent = undefined;
    const json: unknown = (value as { toJSON(key: string): unknown }).toJSON("");
    if (json === undefined) this.#absent = value;
    if (typeof json !== "object" || json === null) this.value(json);
    else if (json !== value && kindOf(json) !== "json") this.#object(json);
    else if (Array.isArray(json)) this.list(json);
    else this.entries(json, Object.keys(json));
  }

  protected override read(object: object, key: string | number): unknown {
    try {
      return (object as Readonly<Record<string | number, unknown>>)[key];
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  #unreadable(error: unknown): StandIn {
    this.countObjects(THROWN_WEIGHT - 1);
    return unreadable(error);
  }

  protected override entries(
    object: object,
    keys: readonly string[],
    more?: readonly [key: string, value: unknown],
  ): void {
    const start = this.pos;
    const most = keys.length + 1;
    this.openMap(most);
    let count = 0;
    let isFlat = false;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] ?? "";
      const isCut = !this.countKey() || !this.fits(key.length);
      const value = isCut ? undefined : this.read(object, key);
      if (value === undefined && !isCut) continue;
      const before = this.pos;
      const wasFlat: boolean = isFlat;
      isFlat = this.#key(isCut ? "…" : key, isFlat, start, most);
      count += 1;
      if (isCut) {
        this.missing(keys.length - i, "key", "keys");
        break;
      }
      this.value(value);
      if (value === this.#absent && isFlat === wasFlat) {
        this.pos = before;
        count -= 1;
      }
    }
    if (more !== undefined) {
      isFlat = this.#key(more[0], isFlat, start, most);
      this.value(more[1]);
      count += 1;
    }
    if (isFlat) this.closeEntries(start, 2 * count);
    else this.closeMap(start, most, count);
  }

  /** Writes the key of an entry. Returns whether the map is a flat list from here on: msgpack refuses or changes some keys. */
  #key(key: string, isFlat: boolean, start: number, most: number): boolean {
    if (!isFlat && this.key(key)) return false;
    if (!isFlat) this.turnIntoEntries(start, most, ENTRIES);
    this.text(key);
    return true;
  }

  protected override list(list: readonly unknown[]): void {
    const { length } = list;
    const most = this.mostElements(length);
    const start = this.pos;
    this.openList(most);
    let i = 0;
    while (i < length && this.countElement()) {
      this.value(this.read(list, i));
      i += 1;
    }
    if (i < length) {
      this.missing(length - i, "element", "elements");
      i += 1;
    }
    this.closeList(start, most, i);
  }
}
