/*
 * Reads objects of built-in classes, of any realm, by the language's own methods.
 */

/** The name of an object's class as `Object.prototype.toString` gives it: by `Symbol.toStringTag`, else the built-in class. */
export function nativeTag(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

type BoxedClass = { readonly prototype: { valueOf(): unknown } };
const BOXED: Readonly<Record<string, BoxedClass>> = { Number, String, Boolean, BigInt, Symbol };

/** The primitive value in an object that wraps one. */
export function unboxed(value: object): unknown {
  const tag = nativeTag(value);
  const Class = Object.hasOwn(BOXED, tag) ? BOXED[tag] : undefined;
  return (Class ?? Object).prototype.valueOf.call(value);
}

/** The true size of a collection, whatever its class makes of `size`. */
export function sizeOf(prototype: object, collection: object): number {
  return Number(Reflect.get(prototype, "size", collection));
}
