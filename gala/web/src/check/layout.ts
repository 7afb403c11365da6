/** Section 6: a box's slots, read by their layout into columns. */
import { must, view } from "./bytes.ts";
import { list, positive, record, type Read, type Reader } from "./shape.ts";

const BYTES = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;
type Kind = keyof typeof BYTES;
const HEAD: readonly (readonly [string, Kind])[] = [
  ["seq", "u16"],
  ["channel", "u8"],
  ["flags", "u8"],
];

const field: Reader<[string, Kind]> = (value, where) => {
  must(Array.isArray(value) && value.length === 2, `${where} is no field`);
  const [name, kind] = value;
  must(typeof name === "string" && name !== "" && typeof kind === "string" && Object.hasOwn(BYTES, kind), `${where} is no field`);
  return [name, kind as Kind];
};

const members = record({ width: positive, fields: list(field) });
export type Layout = Read<typeof members>;

/** A layout as the open leaf has it: the head's fields first, each name once, packed to the width. */
export const layout: Reader<Layout> = (value, where) => {
  const found = members(value, where);
  const { fields, width } = found;
  must(
    HEAD.every(([name, kind], at) => fields[at]?.[0] === name && fields[at][1] === kind),
    `${where} does not begin with seq, channel and flags`,
  );
  must(new Set(fields.map(([name]) => name)).size === fields.length, `${where} has a field twice`);
  must(width === fields.reduce((sum, [, kind]) => sum + BYTES[kind], 0), `${where} is not as wide as its fields`);
  return found;
};

/** One field of all slots; u64 are exact, the others are numbers. */
export type Column = Float64Array | BigUint64Array;

export interface Slots {
  count: number;
  columns: Map<string, Column>;
  bits: Map<string, number>;
}

/** Every slot of a box; a box is whole slots that each hold a play. */
export function slots({ width, fields }: Layout, box: Uint8Array, what: string): Slots {
  must(box.length % width === 0, `${what} is not a whole number of slots`);
  const count = box.length / width;
  const at = view(box);
  const columns = new Map<string, Column>();
  let offset = 0;
  for (const [name, kind] of fields) {
    const column = kind === "u64" ? new BigUint64Array(count) : new Float64Array(count);
    for (let slot = 0, here = offset; slot < count; slot++, here += width) {
      if (kind === "u64") column[slot] = at.getBigUint64(here);
      else column[slot] = kind === "u32" ? at.getUint32(here) : kind === "u16" ? at.getUint16(here) : at.getUint8(here);
    }
    columns.set(name, column);
    offset += BYTES[kind];
  }
  return { count, columns, bits: new Map(fields.map(([name, kind]) => [name, BYTES[kind] * 8])) };
}

export function column(of: Slots, name: string): Column {
  const found = of.columns.get(name);
  must(found !== undefined, `no field is called ${name}`);
  return found;
}

/** The same slots without those that hold no play. */
export function played(of: Slots): Slots {
  return picked(of, (slot) => column(of, "seq")[slot] !== 0);
}

export function picked(of: Slots, keep: (slot: number) => boolean): Slots {
  const kept = Array.from({ length: of.count }, (_, slot) => slot).filter(keep);
  const columns = new Map<string, Column>();
  for (const [name, found] of of.columns) {
    const fresh = found instanceof BigUint64Array ? new BigUint64Array(kept.length) : new Float64Array(kept.length);
    kept.forEach((slot, at) => (fresh[at] = found[slot] as never));
    columns.set(name, fresh);
  }
  return { count: kept.length, columns, bits: of.bits };
}

const low = (value: number): number => {
  let rest = value;
  let ones = 0;
  for (; rest !== 0; rest = (rest & (rest - 1)) >>> 0) ones++;
  return ones;
};

/** How many bits are set in a slot's field. */
export function ones(value: number | bigint): number {
  if (typeof value === "number") return low(value);
  return low(Number(value & 0xffff_ffffn)) + low(Number(value >> 32n));
}
