/** Section 6: what a box counts to. Zero counters are absent. */
import { must } from "./bytes.ts";
import { column, ones, type Slots } from "./layout.ts";
import { isObject, just, list, record, string, type Read, type Reader } from "./shape.ts";

const counting = record({ name: string, op: just("count") });
const by = record({ name: string, op: just("by"), fields: list(string) });
const bits = record({ name: string, op: just("bits", "popcount"), field: string });
const sum = record({ name: string, op: just("sum"), field: string }, { by: list(string) });
export type Count = Read<typeof counting> | Read<typeof by> | Read<typeof bits> | Read<typeof sum>;

const READERS: Record<string, Reader<Count>> = { count: counting, by, bits, popcount: bits, sum };

export const count: Reader<Count> = (value, where) => {
  const op = isObject(value) ? value["op"] : undefined;
  const reader = typeof op === "string" && Object.hasOwn(READERS, op) ? READERS[op] : undefined;
  must(reader !== undefined, `${where} is no count`);
  return reader(value, where);
};

/** The fields a count reads. */
export function fieldsOf(one: Count): readonly string[] {
  if (one.op === "count") return [];
  return one.op === "by" ? one.fields : one.op === "sum" ? [one.field, ...(one.by ?? [])] : [one.field];
}

/** The fields by whose values a count is split. */
export const splits = (one: Count): readonly string[] | null => (one.op === "by" ? one.fields : one.op === "sum" ? (one.by ?? null) : null);

export type Counters = Map<string, number>;

/** The counters of these slots, each of which holds a play. */
export function counted(counts: readonly Count[], of: Slots): Counters {
  const found = new Map<string, bigint>();
  const add = (name: string, value: bigint): void => {
    found.set(name, (found.get(name) ?? 0n) + value);
  };
  const tuple = (name: string, fields: readonly string[]): ((slot: number) => string) => {
    const columns = fields.map((one) => column(of, one));
    return (slot) => columns.reduce((words, values) => `${words}/${values[slot]}`, name);
  };
  for (const one of counts) {
    if (one.op === "count") add(one.name, BigInt(of.count));
    else if (one.op === "by") {
      const called = tuple(one.name, one.fields);
      const held = new Map<string, number>();
      for (let slot = 0; slot < of.count; slot++) {
        const name = called(slot);
        held.set(name, (held.get(name) ?? 0) + 1);
      }
      for (const [name, times] of held) add(name, BigInt(times));
    } else if (one.op === "sum") {
      const values = column(of, one.field);
      const called = tuple(one.name, one.by ?? []);
      for (let slot = 0; slot < of.count; slot++) add(called(slot), BigInt(values[slot] ?? 0));
    } else if (one.op === "popcount") {
      const values = column(of, one.field);
      let all = 0;
      for (let slot = 0; slot < of.count; slot++) all += ones(values[slot] ?? 0);
      add(one.name, BigInt(all));
    } else {
      const values = column(of, one.field);
      for (let bit = 0; bit < (of.bits.get(one.field) ?? 0); bit++) {
        let set = 0;
        const mask = 1n << BigInt(bit);
        for (let slot = 0; slot < of.count; slot++) {
          const value = values[slot] ?? 0;
          if (typeof value === "bigint" ? (value & mask) !== 0n : Math.floor(value / 2 ** bit) % 2 === 1) set++;
        }
        add(`${one.name}/${bit}`, BigInt(set));
      }
    }
  }
  const counters: Counters = new Map();
  for (const [name, value] of found) {
    must(value <= BigInt(Number.MAX_SAFE_INTEGER), `the counter ${name} is greater than any that may stand here`);
    if (value !== 0n) counters.set(name, Number(value));
  }
  return counters;
}

/** The first counter in which these differ, or an empty string. */
export function difference(one: Counters, other: Counters): string {
  for (const name of [...new Set([...one.keys(), ...other.keys()])].sort()) {
    const [a, b] = [one.get(name), other.get(name)];
    if (a !== b) return `${name} is ${a ?? "absent"} here and ${b ?? "absent"} there`;
  }
  return "";
}
