/** Section 8: the seed, the scores, and who wins: a sort of keyed numbers, one for each ticket. */
import { ecb } from "@noble/ciphers/aes.js";
import { hex, hmacSha256, join, label, sha256, u16be, u32be, u64be, view, type Bytes } from "./bytes.ts";
import type { Roster } from "./roster.ts";

const BLOCK = 16;
const BLOCKS_AT_ONCE = 1 << 15;

export const seedOf = (leaves: readonly Uint8Array[], chain_hash: Uint8Array, round: number, signature: Uint8Array): Bytes =>
  sha256(label("gala/seed/1"), ...leaves, chain_hash, u64be(round), signature);

export const tierKey = (seed: Uint8Array, tier: number): Bytes => hmacSha256(seed, label("gala/tier/1"), u16be(tier));

/** The scores of many (place, ticket) blocks, 16 bytes each. */
const encrypt = (key: Uint8Array, blocks: Uint8Array): Uint8Array => ecb(key, { disablePadding: true }).encrypt(blocks);

export const score = (key: Uint8Array, place: number, ticket: number): Uint8Array => encrypt(key, join(u64be(place), u64be(ticket)));

/** The best (lowest) score of one place with so many tickets. */
export function bestScore(key: Uint8Array, place: number, tickets: number): { ticket: number; score: Uint8Array } {
  const { best, words } = scores(key, [[place, tickets]]);
  return { ticket: best[0] ?? 0, score: bytesAt(words, 0) };
}

/** Four words of each one's best score, and which ticket has it. */
interface Scores {
  best: Uint32Array;
  words: Uint32Array;
}

function scores(key: Uint8Array, of: readonly (readonly [place: number, tickets: number])[]): Scores {
  const best = new Uint32Array(of.length);
  const words = new Uint32Array(of.length * 4).fill(0xffff_ffff);
  const blocks = new Uint8Array(BLOCKS_AT_ONCE * BLOCK);
  const fill = view(blocks);
  const whose = new Uint32Array(BLOCKS_AT_ONCE);
  const which = new Uint32Array(BLOCKS_AT_ONCE);
  let held = 0;
  const flush = (): void => {
    const found = view(encrypt(key, blocks.subarray(0, held * BLOCK)));
    for (let block = 0; block < held; block++) {
      const at = (whose[block] ?? 0) * 4;
      for (let word = 0; word < 4; word++) {
        const [one, other] = [found.getUint32(block * BLOCK + word * 4), words[at + word] ?? 0];
        if (one === other) continue;
        if (one < other) {
          for (let copy = 0; copy < 4; copy++) words[at + copy] = found.getUint32(block * BLOCK + copy * 4);
          best[whose[block] ?? 0] = which[block] ?? 0;
        }
        break;
      }
    }
    held = 0;
  };
  for (const [index, [place, tickets]] of of.entries()) {
    for (let ticket = 0; ticket < tickets; ticket++) {
      fill.setUint32(held * BLOCK + 4, place); // places and tickets are below 2^32: no device has memory for more
      fill.setUint32(held * BLOCK + 12, ticket);
      whose[held] = index;
      which[held] = ticket;
      if (++held === BLOCKS_AT_ONCE) flush();
    }
  }
  flush();
  return { best, words };
}

const bytesAt = (words: Uint32Array, at: number): Bytes => join(...Array.from(words.subarray(at * 4, at * 4 + 4), u32be));

export interface Rank {
  place: number;
  ticket: number;
  score: string;
}

export interface Tier {
  tier: number;
  winners: Rank[];
  alternates: Rank[];
  skipped: number;
  cutoff: string;
}

export interface Prizes {
  tier: number;
  count: number;
  alternates: number;
}

/** All tiers in order. cap: what one place may win, with what it won before. */
export function drawn(seed: Uint8Array, prizes: readonly Prizes[], roster: Roster, cap: number): Tier[] {
  const places = Array.from(roster.tickets.keys()).filter((place) => roster.eligible[place] === 1);
  const taken = new Map<number, number>();
  return prizes.map(({ tier, count, alternates }) => {
    const { best, words } = scores(
      tierKey(seed, tier),
      places.map((place) => [place, roster.tickets[place] ?? 0] as const),
    );
    const order = Uint32Array.from(places.keys()).sort((a, b) => {
      for (let word = 0; word < 4; word++) {
        const [one, other] = [words[a * 4 + word] ?? 0, words[b * 4 + word] ?? 0];
        if (one !== other) return one - other;
      }
      return 0;
    });
    const rank = (at: number): Rank => ({
      place: places[order[at] ?? 0] ?? 0,
      ticket: best[order[at] ?? 0] ?? 0,
      score: hex(bytesAt(words, order[at] ?? 0)),
    });
    const winners: Rank[] = [];
    let [at, skipped] = [0, 0];
    for (; at < order.length && winners.length < count; at++) {
      const found = rank(at);
      const held = (roster.won[found.place] ?? 0) + (taken.get(found.place) ?? 0);
      if (held >= cap) skipped++;
      else {
        taken.set(found.place, (taken.get(found.place) ?? 0) + 1);
        winners.push(found);
      }
    }
    const next: Rank[] = [];
    for (; at < order.length && next.length < alternates; at++) next.push(rank(at));
    return { tier, winners, alternates: next, skipped, cutoff: winners.at(-1)?.score ?? "" };
  });
}

/** ranking.bin: of each tier the winners, then the alternates. */
export function rankingFile(tiers: readonly Tier[]): Bytes {
  const ranks = tiers.flatMap((one) => [...one.winners, ...one.alternates]);
  return join(...ranks.flatMap((one) => [u64be(one.place), u32be(one.ticket), bytesOf(one.score)]));
}

const bytesOf = (words: string): Uint8Array => Uint8Array.from({ length: words.length / 2 }, (_, at) => parseInt(words.slice(at * 2, at * 2 + 2), 16));
