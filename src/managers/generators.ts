/*
 * Generators as results of bodies. The code of a generator runs while it is read, long after the body has returned it: what
 * is around the body has to be around each step too.
 */

export type AnyGenerator = Generator | AsyncGenerator;

export type Method = "next" | "return" | "throw";
const METHODS: readonly Method[] = ["next", "return", "throw"];
const TAGS: readonly unknown[] = ["Generator", "AsyncGenerator"];

export function isAsync(generator: AnyGenerator): generator is AsyncGenerator {
  return Symbol.asyncIterator in generator;
}

/** Whether a value is a generator, sync or async. Streams, and iterators that are classes of their own, are none. */
export function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { next }: Partial<AnyGenerator> = value;
    if (typeof next !== "function" || !(Symbol.iterator in value || Symbol.asyncIterator in value))
      return false;
    // Compilers for older targets make generators of plain objects.
    return TAGS.includes(Reflect.get(value, Symbol.toStringTag)) || Object.hasOwn(value, "next");
  } catch {
    return false;
  }
}

/** A generator of the same kind whose every step is taken by `take`, which calls `step` and returns what the reader gets. */
export function withSteps<G extends AnyGenerator>(
  generator: G,
  take: (step: () => unknown, method: Method) => unknown,
): G {
  // Inherits all else, such as the methods that iterators have for mapping and disposal.
  const wrapped: G = Object.create(generator);
  const define = (key: Method | symbol, value: unknown) =>
    Object.defineProperty(wrapped, key, { value, configurable: true, writable: true });
  for (const method of METHODS) {
    const original: unknown = generator[method];
    if (typeof original !== "function") continue;
    define(method, (...args: unknown[]) => take(() => Reflect.apply(original, generator, args), method));
  }
  define(isAsync(generator) ? Symbol.asyncIterator : Symbol.iterator, () => wrapped);
  return wrapped;
}
