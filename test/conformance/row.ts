import { test } from "vitest";
import { DEFECTS } from "./defects.ts";
import { OTHERS } from "./others/index.ts";
import { ROWS } from "./rows.ts";

type Body<P> = (placement: P) => void | Promise<void>;
type Named = { readonly name: string };

/** For behaviour of a manager that does not depend on where its handlers are. */
export const NO_PLACEMENT = [{ name: "no handler" }] as const;

function declare<P extends Named>(title: string, placements: readonly P[], body: Body<P>): void {
  for (const placement of placements) test(`${title} [${placement.name}]`, () => body(placement));
}

/**
 * Declares the tests of a row of {@link ROWS}, one per placement. A row may have several calls; scripts/conformance.mjs
 * reads the titles, rows.test.ts the calls, so the number has to be written out.
 */
export function row<P extends Named>(number: number, placements: readonly P[], body: Body<P>): void {
  const known = ROWS.find(({ row }) => row === number);
  if (known === undefined) throw new Error(`there is no row ${number}`);
  declare(`row ${number}: ${known.text}`, placements, body);
}

/** The same for a defect of the original in {@link DEFECTS}, by its id. */
export function defect<P extends Named>(id: string, placements: readonly P[], body: Body<P>): void {
  const known = DEFECTS.find((each) => each.id === id);
  if (known === undefined) throw new Error(`there is no defect ${id}`);
  declare(`defect ${id}: ${known.text}`, placements, body);
}

/** The same for a fault of another system in {@link OTHERS}, by its id. */
export function other<P extends Named>(id: string, placements: readonly P[], body: Body<P>): void {
  const known = OTHERS.find((each) => each.id === id);
  if (known === undefined) throw new Error(`there is no fault of another system ${id}`);
  declare(`other ${id}: ${known.text}`, placements, body);
}
