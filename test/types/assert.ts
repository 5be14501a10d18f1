type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless `Actual` is `Wanted`, which is no wider and no narrower. */
export function exactly<Wanted>() {
  return <Actual>(
    _value: Actual,
    ..._different: Equal<Actual, Wanted> extends true ? [] : [never]
  ): void => {};
}
