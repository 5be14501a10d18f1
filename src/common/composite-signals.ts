/*
 * Signals that abort when the first of two does. A pair has one composite at a time, so that any number of runs and contexts
 * under the same signals shares it.
 */

const composites = new WeakMap<AbortSignal, WeakMap<AbortSignal, WeakRef<AbortSignal>>>();

export function compositeOf(first: AbortSignal, second: AbortSignal): AbortSignal {
  const known = composites.get(first) ?? new WeakMap<AbortSignal, WeakRef<AbortSignal>>();
  composites.set(first, known);
  const shared = known.get(second)?.deref();
  if (shared !== undefined) return shared;
  const composite = combine(first, second);
  known.set(second, new WeakRef(composite));
  return composite;
}

function combine(first: AbortSignal, second: AbortSignal): AbortSignal {
  const composite = AbortSignal.any([first, second]);
  if (!NODE_FORGETS_COMPOSITES) followSources(composite, [...sourcesOf(first), ...sourcesOf(second)]);
  return composite;
}

/*
 * Before version 22 Node.js keeps an empty WeakRef in every source of a composite that is gone, as long as the source lives
 * (nodejs/node#55351): a signal of the whole process would grow with every run. Later versions remove it, as is done here.
 */

const NODE_FORGETS_COMPOSITES = Number.parseInt(process.versions.node, 10) >= 22;

type WeakSignals = Set<WeakRef<AbortSignal>>;

/** A signal that is no composite, with the composites that follow it. */
class Source {
  readonly #signal: WeakRef<AbortSignal>;
  #dead = 0;

  constructor(signal: AbortSignal) {
    this.#signal = new WeakRef(signal);
  }

  /** Counts a composite that is gone. Sweeps once half of all are gone, so that the cost of each does not grow with their number. */
  countDead(): void {
    const followers = followersOf(this.#signal.deref());
    this.#dead += 1;
    if (followers === undefined || 2 * this.#dead < followers.size) return;
    this.#dead = 0;
    for (const follower of followers) if (follower.deref() === undefined) followers.delete(follower);
  }
}

/** The list that Node.js keeps in a property of its own. */
function followersOf(signal: AbortSignal | undefined): WeakSignals | undefined {
  if (signal === undefined) return undefined;
  const key = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === "kDependantSignals",
  );
  return key && Reflect.get(signal, key);
}

const sources = new WeakMap<AbortSignal, readonly Source[]>();
const gone = new FinalizationRegistry<readonly Source[]>((followed) => {
  for (const source of followed) source.countDead();
});

function sourcesOf(signal: AbortSignal): readonly Source[] {
  const known = sources.get(signal) ?? [new Source(signal)];
  sources.set(signal, known);
  return known;
}

function followSources(composite: AbortSignal, followed: readonly Source[]): void {
  sources.set(composite, followed);
  gone.register(composite, followed);
}
