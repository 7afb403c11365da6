/** What a spec may promise: prizes and their budget, a cap, dates, witnesses, a beacon, and tickets that fit a roster. */
import { trusted } from "./beacon.ts";
import { must } from "./bytes.ts";
import { most } from "./entries.ts";
import type { Evening } from "./history.ts";
import type { Prize, Spec } from "./leaves.ts";
import { witnessKey } from "./note.ts";

const TICKETS_MAX = 65_535;
const CHANNEL_MAX = 255;
/** won.bin holds a byte a place. */
const CAP_OVER_DRAWS_MAX = 255;

/** The face value of a whole tier, in minor units. */
export const budgetOf = ({ deck, count, amount }: Prize): bigint => (deck ? BigInt(deck.sum) : BigInt(count) * BigInt(amount ?? 0));

/** Fails unless a spec may stand here: what it promises fits together, and none of its rounds has opened. */
export function checkSpec(evening: Evening, leaf: Spec): void {
  for (const { round } of leaf.rounds) must(!evening.rounds.has(round), `${round} has opened`);
  must(new Set(leaf.rounds.map((one) => one.round)).size === leaf.rounds.length, "it names a round twice");
  must(new Set(leaf.parties).size === leaf.parties.length && leaf.parties.length >= 2, "it has not two parties at least");
  must(leaf.prizes.length > 0, "it has no prizes");
  ascending(leaf.reserve_rounds, "reserve_rounds");
  must(leaf.reserve_rounds.length > 0, "it has no reserve round");
  must(leaf.window.valid_from_ms < leaf.window.valid_until_ms, "its window has no length");
  const tickets = leaf.rounds.reduce((sum, one) => sum + most(one.entries), 0);
  must(tickets <= TICKETS_MAX, `one viewer could earn ${tickets} tickets`);
  ascending(leaf.cap.draws, "the draws of its cap");
  must(leaf.cap.draws.at(-1) === leaf.draw, "the last draw of its cap is another");
  must(leaf.cap.draws.length === 1 || leaf.cap.prizes <= CAP_OVER_DRAWS_MAX, `a cap over several draws is at most ${CAP_OVER_DRAWS_MAX}`);
  ascending(leaf.alternates_at_ms, "the dates for alternates");
  must((leaf.alternates_at_ms.at(-1) ?? -Infinity) < leaf.window.valid_until_ms, "a date for alternates is after the window's end");
  for (const { channels, apart, round } of leaf.rounds) {
    must(apart === undefined || (apart && channels !== undefined), `${round} is drawn apart, from no channels`);
    if (channels) areChannels(channels, `the channels of ${round}`);
  }
  const { count, commitment } = leaf.exclusions;
  must(count === 0 || leaf.eligibility === "account", "exclusions need the eligibility account");
  must((count === 0) === (commitment === "0".repeat(64)), "exclusions are a count and a commitment, zeros for none");
  must(leaf.rehearsal || leaf.witnesses.length > 0, "it names no witness");
  must(new Set(leaf.witnesses).size === leaf.witnesses.length, "it names a witness twice");
  leaf.witnesses.forEach(witnessKey);
  budgeted(leaf);
  trusted(leaf.beacon, leaf.rehearsal);
}

/** Fails unless these may name channels in a leaf. */
export function areChannels(channels: readonly number[], what: string): void {
  ascending(channels, what);
  must(channels.length > 0 && (channels.at(-1) ?? 0) <= CHANNEL_MAX, `${what} are not 0 … ${CHANNEL_MAX}`);
}

function ascending(numbers: readonly number[], what: string): void {
  must(
    numbers.every((one, at) => at === 0 || one > (numbers[at - 1] ?? 0)),
    `${what} do not ascend`,
  );
}

/** Tiers are 1, 2, …, and the budget is what all prizes come to, by currency. */
function budgeted({ prizes, budget, rehearsal }: Spec): void {
  const sums = new Map<string, bigint>();
  for (const [at, prize] of prizes.entries()) {
    must(prize.tier === at + 1, `tier ${prize.tier} stands where ${at + 1} should`);
    must((prize.currency === "XTS") === rehearsal, `tier ${prize.tier} is in ${prize.currency}`);
    must(/^[A-Z]{3}$/.test(prize.currency), `tier ${prize.tier}: ${prize.currency} is no currency`);
    must((prize.amount === undefined) !== (prize.deck === undefined), `tier ${prize.tier} has neither an amount nor a deck, or both`);
    must(!prize.deck || prize.alternates === 0, `tier ${prize.tier} is dealt from a deck and has alternates`);
    sums.set(prize.currency, (sums.get(prize.currency) ?? 0n) + budgetOf(prize));
  }
  const same = sums.size === budget.size && [...sums].every(([currency, sum]) => BigInt(budget.get(currency) ?? -1) === sum);
  must(same, "its budget is not what its prizes come to");
}
