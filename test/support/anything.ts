import fc from "fast-check";

/** Values of all kinds that fast-check makes, nested in one another. */
export function anything(maxDepth?: number): fc.Arbitrary<unknown> {
  return fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
    ...(maxDepth === undefined ? {} : { maxDepth }),
  });
}
