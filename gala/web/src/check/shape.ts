/** Readers of JSON: each takes a value and gives it back typed, or fails and says where it is not as it must be. */
import { must } from "./bytes.ts";
import type { Json } from "./canonical.ts";

export type Reader<T> = (value: Json, where: string) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

export const natural: Reader<number> = (value, where) => {
  must(typeof value === "number" && value >= 0, `${where} is no natural number`);
  return value;
};

export const positive: Reader<number> = (value, where) => {
  must(typeof value === "number" && value > 0, `${where} is no number above zero`);
  return value;
};

export const string: Reader<string> = (value, where) => {
  must(typeof value === "string", `${where} is no text`);
  return value;
};

/** Text that is not empty. */
export const word: Reader<string> = (value, where) => {
  must(typeof value === "string" && value !== "", `${where} is no word`);
  return value;
};

export const truth: Reader<boolean> = (value, where) => {
  must(typeof value === "boolean", `${where} is neither true nor false`);
  return value;
};

/** So many bytes in lower-case hex. */
export const hexOf =
  (size: number): Reader<string> =>
  (value, where) => {
    must(typeof value === "string" && value.length === 2 * size && /^[0-9a-f]*$/.test(value), `${where} is no ${size} bytes in hex`);
    return value;
  };

export const hash = hexOf(32);

export const just =
  <T extends string>(...words: T[]): Reader<T> =>
  (value, where) => {
    must(words.some((word) => word === value), `${where} is ${JSON.stringify(value)}`);
    return value as T;
  };

export const list =
  <T>(of: Reader<T>): Reader<T[]> =>
  (value, where) => {
    must(Array.isArray(value), `${where} is no list`);
    return value.map((one, at) => of(one, `${where}[${at}]`));
  };

/** An object with any keys and one kind of value. */
export const table =
  <T>(of: Reader<T>): Reader<Map<string, T>> =>
  (value, where) => {
    must(isObject(value), `${where} is no object`);
    return new Map(Object.entries(value).map(([key, one]) => [key, of(one, `${where}.${key}`)]));
  };

type Members = Record<string, Reader<unknown>>;
type Typed<M extends Members> = { [K in keyof M]: Read<M[K]> };

/** An object with exactly these members, of which `perhaps` may be absent. */
export const record =
  <M extends Members, P extends Members = Record<never, never>>(members: M, perhaps?: P): Reader<Typed<M> & Partial<Typed<P>>> =>
  (value, where) => {
    must(isObject(value), `${where} is no object`);
    const found: Record<string, unknown> = {};
    for (const [key, one] of Object.entries(value)) {
      const reader = Object.hasOwn(members, key) ? members[key] : perhaps && Object.hasOwn(perhaps, key) ? perhaps[key] : undefined;
      must(reader !== undefined, `${where} has a member ${key}`);
      found[key] = reader(one, `${where}.${key}`);
    }
    for (const key of Object.keys(members)) must(Object.hasOwn(found, key), `${where} has no ${key}`);
    return found as Typed<M> & Partial<Typed<P>>;
  };

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && !Array.isArray(value);
}
