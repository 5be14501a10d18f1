/*
 * An application may load several copies of this package: two versions in a monorepo, or one of a bundle beside one of
 * node_modules. They work as one: their state hangs at the global object, and they recognise each other's objects by marks.
 *
 * A name ends with the version of what it stands for. A copy with another layout has to take another name: from then on it
 * shares nothing with older ones, and has to say so when it finds the old name.
 */

/** State that all copies share: the first copy makes it. Where the global object is frozen, each copy has its own. */
export function shared<State extends object>(name: string, make: () => State): State {
  const key = Symbol.for(`sidecall.${name}`);
  const known: unknown = Reflect.get(globalThis, key);
  if (known !== undefined) return known as State;
  const state = make();
  Reflect.defineProperty(globalThis, key, { value: state });
  return state;
}

/** Marks the instances of a class. Returns whether a value has the mark, whichever copy made it; never throws. */
export function mark(Class: AnyClass, name: string): (value: unknown) => boolean {
  const key = Symbol.for(`sidecall.${name}`);
  Object.defineProperty(Class.prototype, key, { value: true });
  return (value) => {
    try {
      return typeof value === "object" && value !== null && Reflect.get(value, key) === true;
    } catch {
      return false;
    }
  };
}

type AnyClass = abstract new (...args: never[]) => object;

/** Makes `instanceof` hold for instances that another copy has made. Subclasses keep their own. */
export function markInstances(Class: AnyClass, name: string): void {
  const isMarked = mark(Class, name);
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return this === Class ? isMarked(value) : Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
}
