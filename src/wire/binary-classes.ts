import { nativeTag } from "../values/slots.ts";

type View = (bytes: ArrayBuffer) => ArrayBufferView | ArrayBufferLike;

function sharedCopy(bytes: ArrayBuffer): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(shared).set(new Uint8Array(bytes));
  return shared;
}

/** A class that newer versions of Node.js have. */
function newer(name: string): View {
  return (bytes) => {
    const Class: unknown = Reflect.get(globalThis, name);
    if (typeof Class !== "function") throw new TypeError(`this thread has no ${name}`);
    return Reflect.construct(Class, [bytes]) as ArrayBufferView;
  };
}

/*
 * Classes of binary data, each with the function that makes one of bytes of its own. Append only: a class keeps its place.
 */
const CLASSES: readonly (readonly [name: string, view: View])[] = [
  ["Uint8Array", (bytes) => new Uint8Array(bytes)],
  ["Buffer", (bytes) => Buffer.from(bytes)],
  ["ArrayBuffer", (bytes) => bytes],
  ["SharedArrayBuffer", sharedCopy],
  ["DataView", (bytes) => new DataView(bytes)],
  ["Int8Array", (bytes) => new Int8Array(bytes)],
  ["Uint8ClampedArray", (bytes) => new Uint8ClampedArray(bytes)],
  ["Int16Array", (bytes) => new Int16Array(bytes)],
  ["Uint16Array", (bytes) => new Uint16Array(bytes)],
  ["Int32Array", (bytes) => new Int32Array(bytes)],
  ["Uint32Array", (bytes) => new Uint32Array(bytes)],
  ["Float32Array", (bytes) => new Float32Array(bytes)],
  ["Float64Array", (bytes) => new Float64Array(bytes)],
  ["BigInt64Array", (bytes) => new BigInt64Array(bytes)],
  ["BigUint64Array", (bytes) => new BigUint64Array(bytes)],
  ["Float16Array", newer("Float16Array")],
];

const codes: ReadonlyMap<string, number> = new Map(CLASSES.map(([name], code) => [name, code]));

/** The code of the class of binary data. Throws a TypeError for an object that is none. */
export function binaryCode(value: ArrayBufferView | ArrayBufferLike): number {
  const name = Buffer.isBuffer(value) ? "Buffer" : nativeTag(value);
  const code = codes.get(name);
  if (code === undefined) throw new TypeError(`Expected binary data, got ${name}.`);
  return code;
}

export function binaryName(code: number): string {
  return CLASSES[code]?.[0] ?? "";
}

/** Binary data of a class, in memory that holds these bytes alone. Throws for a class that this thread does not have. */
export function binaryOf(code: number, bytes: Uint8Array): ArrayBufferView | ArrayBufferLike {
  // Not `slice`, which of a Buffer gives a view of memory that others use.
  const { buffer } = new Uint8Array(bytes);
  const view = CLASSES[code]?.[1];
  if (view === undefined) throw new TypeError(`Expected the code of a binary class, got ${code}.`);
  return view(buffer);
}
