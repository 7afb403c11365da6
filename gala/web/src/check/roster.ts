/** Section 7: the roster is what the boxes give, and its files are those of its leaf. */
import { drawId32, type DrawSoFar } from "./drawrules.ts";
import { equal, hex, join, must, sha256, text, u32be, u64be, view } from "./bytes.ts";
import { share, type Box, type Share } from "./boxes.ts";
import { namedOf, type Evening } from "./history.ts";
import type { LeafOf } from "./leaves.ts";
import { fileRoot } from "./merkle.ts";

const HEADER = 64;

export interface Roster {
  /** tickets of each place */
  tickets: Uint16Array;
  eligible: Uint8Array;
  /** prizes won by each place before, in the draws that the cap runs over */
  won: Uint8Array;
}

/** The header of roster.bin, and so of every chunk that a proof shows. */
export const header = (draw_id: string, places: number, tickets: number): Uint8Array =>
  join(text("GALAROST"), u32be(1), drawId32(draw_id), u64be(places), u64be(tickets), new Uint8Array(4));

export interface RosterFiles {
  roster: Uint8Array;
  eligible: Uint8Array;
  /** null where the cap names no earlier draw */
  won: Uint8Array | null;
}

/** winners: of the earlier draws that the cap names. */
export function readRoster(draw: DrawSoFar, leaf: LeafOf<"roster">, files: RosterFiles, winners: number): Roster {
  const content = files.roster;
  must(content.length === leaf.size && hex(sha256(content)) === leaf.sha256, "roster.bin is not the one in the log");
  must(content.length === HEADER + 2 * leaf.places, `roster.bin does not hold ${leaf.places} places`);
  const expected = header(draw.spec.draw_id, leaf.places, leaf.tickets_total);
  must(equal(content.subarray(0, HEADER), expected), "roster.bin begins otherwise");
  must(hex(fileRoot(content.subarray(HEADER), 2)) === leaf.root, "roster.bin has another root");
  const at = view(content);
  const tickets = Uint16Array.from({ length: leaf.places }, (_, place) => at.getUint16(HEADER + 2 * place));
  const empty = tickets.indexOf(0);
  must(empty < 0, `place ${empty} has no ticket`);
  must(sum(tickets) === leaf.tickets_total, `its places hold ${sum(tickets)} tickets, not ${leaf.tickets_total}`);
  const told = JSON.stringify(leaf.histogram);
  must(told === JSON.stringify(histogram(tickets)), "its histogram is another");
  return { tickets, eligible: readFlags(draw, leaf, files.eligible, tickets), won: readWon(leaf, files.won, winners) };
}

function readWon(leaf: LeafOf<"roster">, won: Uint8Array | null, winners: number): Uint8Array {
  if (won === null) return new Uint8Array(leaf.places);
  must(hex(sha256(won)) === leaf.won_sha256 && won.length === leaf.places, "won.bin is not the one in the log, a byte a place");
  must(sum(won) === leaf.won_total, `its places have won ${sum(won)} prizes, not ${leaf.won_total}`);
  must(leaf.won_total <= winners, `${leaf.won_total} prizes won of ${winners}`);
  return won;
}

function readFlags(draw: DrawSoFar, leaf: LeafOf<"roster">, flags: Uint8Array, tickets: Uint16Array): Uint8Array {
  must(hex(sha256(flags)) === leaf.eligible_sha256, "eligible.bin is not the one in the log");
  must(flags.length === Math.ceil(leaf.places / 8), `eligible.bin does not hold ${leaf.places} places`);
  const bit = (place: number): number => ((flags[place >> 3] ?? 0) >> (7 - (place & 7))) & 1;
  for (let spare = leaf.places; spare < flags.length * 8; spare++) must(bit(spare) === 0, "eligible.bin has a spare bit set");
  const eligible = Uint8Array.from({ length: leaf.places }, (_, place) => bit(place));
  const barred = eligible.indexOf(0);
  must(draw.spec.eligibility !== "number" || barred < 0, `place ${barred} is barred, though every number may win`);
  must(sum(eligible) === leaf.eligible_places, `${sum(eligible)} places are eligible, not ${leaf.eligible_places}`);
  const held = tickets.reduce((all, one, place) => all + (eligible[place] ? one : 0), 0);
  must(held === leaf.eligible_tickets, `eligible places hold ${held} tickets, not ${leaf.eligible_tickets}`);
  return eligible;
}

/** Fails unless the boxes give these tickets. */
export function fromBoxes(evening: Evening, draw: DrawSoFar, leaf: LeafOf<"roster">, boxes: Map<string, Box>): void {
  const shares: Share[] = leaf.rounds.map(({ round, tickets }) => {
    const box = boxes.get(round);
    must(box !== undefined, `round ${round} did not pass, so its tickets are not known`);
    const named = namedOf(evening, draw.spec, round);
    must(named !== undefined, `round ${round} is not in the spec`);
    const found = share(box, box.round.open.entries, named.channels);
    const fits = found.each === null ? tickets <= found.ticketsMost : tickets === found.ticketsMost;
    must(fits, `round ${round} gives ${found.each ? "" : "at most "}${found.ticketsMost} tickets, not ${tickets}`);
    return found;
  });
  const all = leaf.rounds.reduce((of, one) => of + one.tickets, 0);
  must(all === leaf.tickets_total, `the boxes give ${all} tickets, not ${leaf.tickets_total}`);
  must(leaf.places <= leaf.numbers_count, `${leaf.places} places of ${leaf.numbers_count} numbers`);
  const issued = leaf.issued.reduce((of, [, numbers = 0]) => of + numbers, 0);
  must(issued === leaf.numbers_count, `${issued} numbers were issued by the minute, ${leaf.numbers_count} in all`);
  for (const [at, [minute = -1, numbers = 0, ...more]] of leaf.issued.entries()) {
    const ascends = minute > (leaf.issued[at - 1]?.[0] ?? -1);
    must(ascends && minute % 60_000 === 0 && numbers > 0 && !more.length, "the numbers issued are told in whole minutes that ascend, some in each");
  }
  const holders = shares.reduce((of, one) => of + one.holdersMost, 0);
  must(leaf.places <= holders, `${leaf.places} places, and the boxes have ${holders} holders together`);
  for (const [at, one] of shares.entries()) {
    const fewest = one.each?.length ?? 0;
    must(leaf.places >= fewest, `${leaf.places} places, and round ${leaf.rounds[at]?.round} has ${fewest} holders`);
  }
  const [only, ...more] = shares;
  if (only?.each && more.length === 0) {
    must(JSON.stringify(histogram(only.each)) === JSON.stringify(leaf.histogram), "its histogram is not that of its one box");
  }
}

/** [tickets, places], ascending. */
export function histogram(tickets: ArrayLike<number>): [number, number][] {
  const found = new Map<number, number>();
  for (let place = 0; place < tickets.length; place++) {
    const held = tickets[place] ?? 0;
    found.set(held, (found.get(held) ?? 0) + 1);
  }
  return [...found].sort(([a], [b]) => a - b);
}

function sum(of: Uint16Array | Uint8Array): number {
  let all = 0;
  for (const one of of) all += one;
  return all;
}
