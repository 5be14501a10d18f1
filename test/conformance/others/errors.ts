import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const ERRORS: readonly Other[] = [
];
