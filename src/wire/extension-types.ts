/*
 * msgpack extension types of the values that msgpack has no form for. Append only: a number keeps its meaning.
 */
export const ERROR = 1;
export const BIGINT = 2;
export const MAP = 3;
export const SET = 4;
export const DATE = 5;
export const REGEXP = 6;
export const URL_TEXT = 7;
export const BINARY = 8;
export const STAND_IN = 9;
/** An object that plain msgpack would change: a flat list of its keys and values. */
export const ENTRIES = 10;
/** A text that msgpack's UTF-8 would change: its UTF-16 units, little-endian. */
export const EXACT_TEXT = 11;
