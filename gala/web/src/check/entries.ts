/** Section 6: the tickets of each slot by a round's rules. */
import { must } from "./bytes.ts";
import { column, ones, type Slots } from "./layout.ts";
import { list, natural, record, type Reader } from "./shape.ts";

const SETTLED = "@settled";
const COMPARES = ["eq", "ge", "popcount_ge"] as const;

export type When =
  | { op: (typeof COMPARES)[number]; field: string; value: number | typeof SETTLED }
  | { op: "and"; all: When[] };

const when: Reader<When> = (value, where) => {
  must(Array.isArray(value), `${where} is no condition`);
  const [op, ...rest] = value;
  if (op === "and") return { op, all: rest.map((one, at) => when(one, `${where}[${at + 1}]`)) };
  const found = COMPARES.find((one) => one === op);
  const [field, limit] = rest;
  must(found !== undefined && rest.length === 2 && typeof field === "string", `${where} is no condition`);
  if (limit === SETTLED) return { op: found, field, value: SETTLED };
  must(typeof limit === "number" && limit >= 0, `${where} compares with no natural number`);
  return { op: found, field, value: limit };
};

const rule = record({ when, tickets: natural });
export const rules = list(rule);
export interface Rule {
  when: When;
  tickets: number;
}

/** The fields a condition reads. */
export const fieldsIn = (of: When): string[] => (of.op === "and" ? of.all.flatMap(fieldsIn) : [of.field]);

/** The most tickets that one slot can have by these rules. */
export const most = (of: readonly Rule[]): number => of.reduce((sum, one) => sum + one.tickets, 0);

function holds(condition: When, of: Slots, settled: number | undefined): (slot: number) => boolean {
  if (condition.op === "and") {
    const all = condition.all.map((one) => holds(one, of, settled));
    return (slot) => all.every((one) => one(slot));
  }
  const values = column(of, condition.field);
  const limit = condition.value === SETTLED ? settled : condition.value;
  if (limit === undefined) return () => false;
  if (condition.op === "popcount_ge") return (slot) => ones(values[slot] ?? 0) >= limit;
  // numbers and bigints compare by their value, whichever they are
  if (condition.op === "ge") return (slot) => (values[slot] ?? 0) >= limit;
  return values instanceof BigUint64Array ? (slot) => values[slot] === BigInt(limit) : (slot) => values[slot] === limit;
}

/** The tickets of each slot. settled: what the settle leaf says; without it a rule that asks for it does not hold. */
export function tickets(of: Slots, by: readonly Rule[], settled: number | undefined): Float64Array {
  const found = new Float64Array(of.count);
  for (const one of by) {
    const fits = holds(one.when, of, settled);
    for (let slot = 0; slot < of.count; slot++) if (fits(slot)) found[slot] = (found[slot] ?? 0) + one.tickets;
  }
  return found;
}
