/** Section 1: RFC 8785 with ASCII keys, NFC strings, whole numbers, and no null. Other bytes are refused. */
import { equal, Failed, must, read, text } from "./bytes.ts";

export type Json = boolean | number | string | Json[] | { [key: string]: Json };

/** The canonical form of a value. `what` names it where it has none. */
export function encode(value: unknown, what: string): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    must(Number.isSafeInteger(value), `${what} holds a number that is not whole or too great`);
    return String(value);
  }
  if (typeof value === "string") {
    must(value.normalize("NFC") === value && !/\p{Surrogate}/u.test(value), `${what} holds a string that is not in NFC`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((one) => encode(one, what)).join(",")}]`;
  if (typeof value !== "object" || value === null) throw new Failed(`${what} holds a null`);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members
    .map(([key, one]) => {
      must(/^[\0-\x7f]*$/.test(key), `${what} has a key that is not ASCII`);
      return `${JSON.stringify(key)}:${encode(one, what)}`;
    })
    .join(",")}}`;
}

/** The value of canonical bytes. A key that stands twice or comes out of order does not survive the way back. */
export function decode(bytes: Uint8Array, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(read(bytes, what));
  } catch (problem) {
    throw problem instanceof Failed ? problem : new Failed(`${what} is no JSON`);
  }
  must(equal(text(encode(value, what)), bytes), `${what} is not in canonical form`);
  return value as Json;
}
