import { expect, test } from "vitest";
import {
  check,
  integer,
  millis,
  type OptionsOf,
  oneOf,
  optional,
  required,
  resolve,
  signal,
  strings,
  text,
  unchecked,
} from "../../src/common/options.ts";
import { checkPath, checkText } from "../../src/common/validate.ts";

const TABLE = {
  path: required(checkPath),
  threads: integer(1, 256, 1),
  count: integer(0, Number.MAX_SAFE_INTEGER, 7),
  waitMillis: millis(Number.POSITIVE_INFINITY),
  mode: oneOf(["append", "truncate"], "append"),
  prefix: optional(checkText, ""),
  name: text(),
  tags: strings(),
  signal: signal(),
  extra: optional<unknown>(unchecked),
};
type Options = OptionsOf<typeof TABLE>;

const resolved = (options: object) => resolve("options", TABLE, options as Options);

test("defaults stand for options that are left out or undefined", () => {
  const expected = {
    path: "x",
    threads: 1,
    count: 7,
    waitMillis: Number.POSITIVE_INFINITY,
    mode: "append",
    prefix: "",
    name: undefined,
    tags: undefined,
    signal: undefined,
    extra: undefined,
  };
  expect(resolved({ path: "x" })).toEqual(expected);
  expect(resolved({ path: "x", threads: undefined, prefix: undefined, name: undefined })).toEqual(expected);
  expect(resolved({ path: "x", threads: null, prefix: null })).toEqual(expected);
});

test("given values are kept, null included where no default stands for it", () => {
  const given = {
    path: "x",
    threads: 256,
    count: 0,
    waitMillis: 0.5,
    mode: "truncate",
    prefix: ">",
    name: "",
    tags: [],
    signal: new AbortController().signal,
    extra: null,
  };
  expect(resolved(given)).toEqual(given);
});

test.each<[object, string]>([
  [{}, "Expected `path` to be the path of a file, got `undefined` (undefined)."],
  [{ path: "" }, "Expected `path` to be the path of a file, got `''` (string)."],
  [{ threads: 0 }, "Expected `threads` to be an integer, from 1 to 256, got `0` (number)."],
  [{ threads: "2" }, "Expected `threads` to be an integer, from 1 to 256, got `'2'` (string)."],
  [{ count: -1 }, "Expected `count` to be an integer, 0 or more, got `-1` (number)."],
  [
    { waitMillis: 0 },
    "Expected `waitMillis` to be a number of milliseconds above 0, at most 2147483647 or Infinity, got `0` (number).",
  ],
  [{ mode: "w" }, 'Expected `mode` to be one of "append", "truncate", got `\'w\'` (string).'],
  [{ name: null }, "Expected `name` to be a string, got `null` (object)."],
  [{ tags: ["a", 1] }, "Expected `tags` to be an array of strings, got `[ 'a', 1 ]` (object)."],
  [{ signal: {} }, "Expected `signal` to be an AbortSignal, got `{}` (object)."],
])("rejects %o by the option's name", (given, message) => {
  const options = "path" in given || Object.keys(given).length === 0 ? given : { path: "x", ...given };
  const error = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID", message });
  expect(() => resolved(options)).toThrow(error);
  if (options !== given) expect(() => check("options", TABLE, options as Options)).toThrow(error);
});

test.each(["thread", "toString", "constructor", "__proto__"])("rejects the unknown key %s", (key) => {
  const options = Object.defineProperty({ path: "x", threads: 0 }, key, { value: 1, enumerable: true });
  const known = "path, threads, count, waitMillis, mode, prefix, name, tags, signal, extra";
  const message = `Expected \`options\` to have no other keys than ${known}; got \`${key}\`.`;
  const error = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID", message });
  expect(() => resolved(options)).toThrow(error);
  expect(() => check("options", TABLE, options as Options)).toThrow(error);
});

test.each([null, undefined, 7, "text", ["x"]])("rejects %o, which is no object of options", (options) => {
  const error = expect.objectContaining({
    code: "SIDECALL_OPTION_INVALID",
    message: expect.stringMatching(/^Expected `options` to be an object, got /),
  });
  expect(() => resolved(options as never)).toThrow(error);
  expect(() => check("options", TABLE, options as never)).toThrow(error);
});

test("the check alone takes what leaves out a required option", () => {
  expect(() => check("options", TABLE, {} as Options)).not.toThrow();
});

test("types: a required option is needed, others may be left out or undefined", () => {
  const options: Options[] = [{ path: "x" }, { path: "x", threads: undefined, mode: "truncate" }];
  // @ts-expect-error path is required
  options.push({ threads: 1 });
  // @ts-expect-error modes are listed
  options.push({ path: "x", mode: "w" });
  // @ts-expect-error unknown
  options.push({ path: "x", thread: 1 });
  const threads: number = resolved({ path: "x" }).threads;
  expect(options).toHaveLength(5);
  expect(threads).toBe(1);
});
