/** A chain of prototypes that a proxy makes up has no end. */
const MAX_PROTOTYPES = 64;

/** Names of the methods of an object itself. Getters are not called. */
function ownMethods(holder: object): string[] {
  return Object.getOwnPropertyNames(holder).filter((name) => {
    if (name === "constructor") return false;
    return typeof Object.getOwnPropertyDescriptor(holder, name)?.value === "function";
  });
}

/** Without those of `Object.prototype`, of whichever realm. */
function inheritedMethods(from: object): ReadonlySet<string> {
  const names = new Set<string>();
  let holder = from;
  for (let depth = 0; depth < MAX_PROTOTYPES; depth += 1) {
    const above: object | null = Object.getPrototypeOf(holder);
    if (above === null) break;
    for (const name of ownMethods(holder)) names.add(name);
    holder = above;
  }
  return names;
}

/** By prototype: applications make handlers of the same classes for each request. */
const inherited = new WeakMap<object, ReadonlySet<string>>();

/** Names of an object's methods, its own first. Throws what a proxy throws. */
export function methodsOf(object: object): ReadonlySet<string> {
  const own = ownMethods(object);
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === null) return new Set(own);
  let above = inherited.get(prototype);
  if (above === undefined) {
    above = inheritedMethods(prototype);
    inherited.set(prototype, above);
  }
  return own.length === 0 ? above : new Set([...own, ...above]);
}
