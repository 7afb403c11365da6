/** Section 5: what each leaf of the log holds, exactly. What may follow what is in history.ts. */
import { must } from "./bytes.ts";
import { decode } from "./canonical.ts";
import { count } from "./counts.ts";
import { rules } from "./entries.ts";
import { layout } from "./layout.ts";
import {
  hash,
  hexOf,
  isObject,
  just,
  list,
  natural,
  positive,
  record,
  string,
  table,
  truth,
  word,
  type Read,
  type Reader,
} from "./shape.ts";

const deck = record({ sum: positive, least: positive, most: positive, size: positive, sha256: hash });
const prize = record(
  { tier: positive, name: string, count: positive, currency: string, alternates: natural },
  { amount: positive, deck },
);
const chain = record({ scheme: string, chain_hash: hash, public_key: hexOf(96), genesis_ms: natural, period_ms: positive });
const drawn = { draw: positive, draw_id: string };

const SHAPES = {
  evening: { algorithm: just("gala-draw/1"), show: word, origin: string, rehearsal: truth },
  spec: {
    ...drawn,
    algorithm: just("gala-draw/1"),
    title: string,
    rehearsal: truth,
    prizes: list(prize),
    budget: table(natural),
    cap: record({ draws: list(positive), prizes: positive }),
    rounds: list(record({ round: string, entries: rules }, { channels: list(natural), apart: truth })),
    eligibility: just("number", "account"),
    window: record({ valid_from_ms: natural, valid_until_ms: natural, zone: string }),
    alternates_at_ms: list(natural),
    close_ms: natural,
    parties: list(string),
    witnesses: list(string),
    exclusions: record({ count: natural, commitment: hash }),
    beacon: chain,
    reserve_rounds: list(positive),
    place_key_commitment: hash,
    files: record({ "SPEC.md": hash, "verify.py": hash }),
  },
  commit: { ...drawn, party: string, commitment: hash },
  open: { round: string, rehearsal: truth, layout, counts: list(count), entries: rules, place_key_commitment: hash },
  lock: { round: string },
  settle: { round: string, settled: natural, by: string, reason: string },
  seal: { round: string, plays: natural, counters_sha256: hash, recount_equal: truth, numbers_mac: hash },
  part: { round: string, channels: list(natural), plays: natural, numbers_mac: hash },
  "round-void": { round: string, reason: string },
  roster: {
    ...drawn,
    rounds: list(record({ round: string, seal: natural, tickets: natural })),
    numbers_count: natural,
    issued: list(list(natural)),
    places: natural,
    tickets_total: natural,
    eligible_places: natural,
    eligible_tickets: natural,
    histogram: list(list(positive)),
    size: natural,
    sha256: hash,
    root: hash,
    eligible_sha256: hash,
    numbers_mac: hash,
  },
  reveal: { ...drawn, party: string, r: hash },
  "reveals-closed": {
    ...drawn,
    roster: natural,
    parties: list(record({ party: string, revealed: truth, value: hash })),
    beacon_round: positive,
  },
  result: {
    ...drawn,
    reveals_closed: natural,
    beacon_round: positive,
    signature: hexOf(48),
    seed: hash,
    tiers: list(record({ tier: positive, winners: natural, alternates: natural, skipped: natural, cutoff: string })),
    size: natural,
    sha256: hash,
    root: hash,
  },
  void: { ...drawn, cause: just("director", "lapsed", "unwitnessed"), reason: string },
  alternate: { ...drawn, date: positive, first: positive, last: natural },
  "close-out": { ...drawn, rows: natural, redeemed: table(natural), returned: table(natural) },
  ledger: { rows: positive, hash },
} as const;

const PERHAPS = {
  evening: {},
  spec: {},
  commit: {},
  open: { rerun_of: string, chains: record({ length: positive, commitments: list(hash) }), game: string, settings: anything() },
  lock: {},
  settle: {},
  seal: { size: natural, sha256: hash, root: hash, withheld_mac: hash, heads: list(hash) },
  part: { size: natural, sha256: hash, root: hash, withheld_mac: hash },
  "round-void": {},
  roster: { won_sha256: hash, won_total: natural },
  reveal: {},
  "reveals-closed": {},
  result: {},
  void: {},
  alternate: {},
  "close-out": {},
  ledger: {},
} as const;

function anything(): Reader<object> {
  return (value, where) => {
    must(isObject(value), `${where} is no object`);
    return value;
  };
}

export type Kind = keyof typeof SHAPES;
type Typed<M> = { [K in keyof M]: M[K] extends Reader<infer T> ? T : never };
type Of<K extends Kind> = { kind: K; index: number; at_ms: number } & Typed<(typeof SHAPES)[K]> & Partial<Typed<(typeof PERHAPS)[K]>>;
export type Leaf = { [K in Kind]: Of<K> }[Kind];
export type LeafOf<K extends Kind> = Extract<Leaf, { kind: K }>;
export type Spec = LeafOf<"spec">;
export type Prize = Read<typeof prize>;
export type Chain = Read<typeof chain>;

/** One leaf of the log, read and found to be of a known shape. */
export function leaf(bytes: Uint8Array, index: number): Leaf {
  const where = `leaf ${index}`;
  const value = decode(bytes, where);
  const schema = isObject(value) ? value["schema"] : undefined;
  const kind = typeof schema === "string" ? /^gala\/([a-z-]+)\/1$/.exec(schema)?.[1] : undefined;
  must(kind !== undefined && Object.hasOwn(SHAPES, kind), `${where} is an unknown leaf`);
  const name = kind as Kind;
  const { schema: _, ...members } = value as Record<string, never>;
  const found = record({ at_ms: natural, ...SHAPES[name] }, PERHAPS[name])(members, `${where} (${name})`);
  return { ...found, kind: name, index } as unknown as Leaf;
}
