import type { Defect } from "../defects.ts";

/**
 * A fault that users of other callback and tracing systems reported and that does not exist here. `source`: the report, as
 * owner/repository#number; several are separated by commas.
 */
export interface Other extends Defect {
  readonly source: string;
}
