/** Bytes as SPEC.md writes them: hex, base64, big-endian integers, what is joined before it is hashed. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";

/** What a check says when something is not as it must be. Its text names the item. */
export class Failed extends Error {
  override name = "Failed";
}

/** Fails with these words unless it holds. */
export function must(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Failed(words);
}

/** 1 leaf, 2 leaves. */
export const counted = (number: number, one: string, more = `${one}s`): string => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

export type Bytes = Uint8Array<ArrayBuffer>;

/** As bytes over memory of their own, which is what the platform's functions take. */
export const own = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

const utf8 = new TextEncoder();

export const text = (words: string): Bytes => utf8.encode(words);

/** UTF-8 read strictly; a byte order mark stays a character. */
export function read(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failed(`${what} is no UTF-8`);
  }
}

export function join(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const sha256 = (...parts: Uint8Array[]): Bytes => own(hash(parts.length === 1 && parts[0] ? parts[0] : join(...parts)));

export const hmacSha256 = (key: Uint8Array, ...parts: Uint8Array[]): Bytes => own(hmac(hash, key, join(...parts)));

/** A version label as every hash of gala-draw/1 begins: ASCII and one zero byte. */
export const label = (words: string): Bytes => text(`${words}\0`);

function big(size: number, value: number): Bytes {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export const u8 = (value: number): Bytes => big(1, value);
export const u16be = (value: number): Bytes => big(2, value);
export const u32be = (value: number): Bytes => big(4, value);
export const u64be = (value: number): Bytes => big(8, value);

export const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A big-endian u64 that the rest can count with: at most 2^53-1. */
export function safe64(of: DataView, at: number, what: string): number {
  const value = of.getBigUint64(at);
  must(value <= BigInt(Number.MAX_SAFE_INTEGER), `${what} is greater than any that may stand here`);
  return Number(value);
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => PAIRS[byte]).join("");

/** Lower-case hex of exactly `size` bytes. */
export function unhex(words: string, size: number, what: string): Bytes {
  must(words.length === size * 2 && /^[0-9a-f]*$/.test(words), `${what} is no ${size} bytes in hex`);
  return Uint8Array.from({ length: size }, (_, at) => parseInt(words.slice(at * 2, at * 2 + 2), 16));
}

export const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** Standard base64 with its padding, in the one form it has. */
export function unbase64(words: string, what: string): Bytes {
  must(/^[A-Za-z0-9+/]*={0,2}$/.test(words) && words.length % 4 === 0, `${what} is no base64`);
  const bytes = Uint8Array.from(atob(words), (letter) => letter.charCodeAt(0));
  must(base64(bytes) === words, `${what} is base64 with bits to spare`);
  return bytes;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** A decimal natural number without leading zeros, at most 2^53-1. */
export function decimal(words: string, what: string): number {
  must(/^(0|[1-9][0-9]*)$/.test(words) && Number.isSafeInteger(Number(words)), `${what} is no decimal number`);
  return Number(words);
}
