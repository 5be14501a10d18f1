/** Returns what `into` returns, or undefined if it throws: getters of foreign objects may. */
export function attempt<T>(into: () => T): T | undefined {
  try {
    return into();
  } catch {
    return undefined;
  }
}
