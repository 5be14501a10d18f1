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
/** The number of a class in binary-classes.ts, then the bytes. */
export const BINARY = 8;
export const STAND_IN = 9;
/** An object that plain msgpack would change: a flat list of its keys and values. */
export const ENTRIES = 10;
/** A text that msgpack's UTF-8 would change: its UTF-16 units, little-endian. */
export const EXACT_TEXT = 11;
/** The match of a regular expression: its list, index, input, groups and indices. */
export const MATCH = 12;
export const URL_PARAMETERS = 13;
/** A flat list of names and values. */
export const HEADERS = 14;
/** One of Temporal's classes by its tag, and the value as text. */
export const TEMPORAL = 15;
