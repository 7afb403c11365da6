/** Sections 5 and 9: a deck's file, and the face value of the prize of each rank. */
import { hex, must, safe64, sha256, view } from "./bytes.ts";
import type { Prize } from "./leaves.ts";

const RECORD = 16;

/** The amounts of a deck by rank. */
export type Deal = (prize: number) => number;

/** Reads `deck-T.bin`; fails unless it is the one that the spec promises. */
export function readDeck(prize: Prize, content: Uint8Array, path: string): Deal {
  const { deck } = prize;
  must(deck !== undefined, `${path} is of a tier without a deck`);
  must(content.length === deck.size && hex(sha256(content)) === deck.sha256, `${path} is not the one in the spec`);
  must(content.length % RECORD === 0, `${path} is not a whole number of records`);
  const at = view(content);
  const amounts: number[] = [];
  /** how many cards there are up to and with each amount */
  const until: number[] = [];
  let [cards, sum] = [0, 0n];
  for (let here = 0; here < content.length; here += RECORD) {
    const [amount, held] = [safe64(at, here, `${path}: an amount`), safe64(at, here + 8, `${path}: a number of cards`)];
    must(held >= 1 && amount < (amounts.at(-1) ?? Infinity), `${path}: record ${here / RECORD} is out of order or empty`);
    cards += held;
    sum += BigInt(amount) * BigInt(held);
    amounts.push(amount);
    until.push(cards);
  }
  must(cards === prize.count, `${path} has ${cards} cards, not ${prize.count}`);
  must(sum === BigInt(deck.sum), `${path} comes to ${sum}, not ${deck.sum}`);
  must(amounts[0] === deck.most && amounts.at(-1) === deck.least, `${path} deals from ${amounts[0]} to ${amounts.at(-1)}`);
  return (rank) => amounts[first(until, rank)] ?? 0;
}

/** The first index whose value is above `rank`; the values ascend. */
function first(until: readonly number[], rank: number): number {
  let [low, high] = [0, until.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((until[middle] ?? 0) > rank) high = middle;
    else low = middle + 1;
  }
  return low;
}
