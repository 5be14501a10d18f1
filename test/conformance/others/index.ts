import { DOORS } from "./doors.ts";
import { ENDS } from "./ends.ts";
import { ERRORS } from "./errors.ts";
import { MESSAGES } from "./messages.ts";
import { ORDER } from "./order.ts";
import type { Other } from "./other.ts";
import { TOKENS } from "./tokens.ts";
import { VALUES } from "./values.ts";

/** Faults of other systems, by area. */
export const OTHERS: readonly Other[] = [
  ...VALUES,
  ...ORDER,
  ...ENDS,
  ...DOORS,
  ...MESSAGES,
  ...TOKENS,
  ...ERRORS,
];
