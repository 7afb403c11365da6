/** What may follow what in a draw: spec, commitments, roster, reveals, their end, result. */
import { hex, label, must, sha256, text, unhex } from "./bytes.ts";
import { timeOf, trusted } from "./beacon.ts";
import { most } from "./entries.ts";
import { counting, type Evening } from "./history.ts";
import type { LeafOf, Spec } from "./leaves.ts";

const AFTER_REVEALS_MS = 30_000;
const TICKETS_MAX = 65_535;

export interface DrawSoFar {
  spec: Spec;
  commitments: Map<string, string>;
  roster?: LeafOf<"roster">;
  revealed: Map<string, string>;
  closed?: LeafOf<"reveals-closed">;
  result?: LeafOf<"result">;
}

type DrawLeaf =
  | Spec
  | LeafOf<"commit">
  | LeafOf<"roster">
  | LeafOf<"reveal">
  | LeafOf<"reveals-closed">
  | LeafOf<"result">;

export const drawId32 = (draw_id: string): Uint8Array => sha256(label("gala/draw-id/1"), text(draw_id));

export function drawRules(evening: Evening, leaf: DrawLeaf): void {
  must(leaf.draw_id === `${evening.begun?.show}/draw/${leaf.draw}`, `${leaf.draw_id} is not the id of draw ${leaf.draw}`);
  if (leaf.kind === "spec") {
    must(leaf.draw === evening.draws.size + 1, `draw ${leaf.draw} comes after draw ${evening.draws.size}`);
    specified(evening, leaf);
    evening.draws.set(leaf.draw, { spec: leaf, commitments: new Map(), revealed: new Map() });
    return;
  }
  const draw = evening.draws.get(leaf.draw);
  must(draw !== undefined, `draw ${leaf.draw} has no spec`);
  const { spec } = draw;
  if (leaf.kind === "commit") {
    must(spec.parties.includes(leaf.party), `${leaf.party} is no party of draw ${leaf.draw}`);
    must(!draw.commitments.has(leaf.party), `${leaf.party} has committed already`);
    must(!draw.roster, "the roster stands already");
    draw.commitments.set(leaf.party, leaf.commitment);
  } else if (leaf.kind === "roster") {
    must(!draw.roster, "the roster stands already");
    for (const party of spec.parties) must(draw.commitments.has(party), `${party} has not committed`);
    const sealed = counting(evening, draw).map((round) => `${round} ${evening.rounds.get(round)?.seal?.index ?? "not sealed"}`);
    const said = leaf.rounds.map((one) => `${one.round} ${one.seal}`);
    must(said.join("\n") === sealed.join("\n"), `the roster's rounds are not the counting ones: ${sealed.join(", ")}`);
    draw.roster = leaf;
  } else if (leaf.kind === "reveal") {
    must(draw.roster !== undefined, "there is no roster yet");
    must(!draw.closed, "the reveals have closed");
    must(!draw.revealed.has(leaf.party), `${leaf.party} has revealed already`);
    const made = sha256(
      label("gala/commit/1"),
      drawId32(spec.draw_id),
      sha256(label("gala/party/1"), text(leaf.party)),
      unhex(leaf.r, 32, "r"),
    );
    must(hex(made) === draw.commitments.get(leaf.party), `what ${leaf.party} reveals is not what it committed to`);
    draw.revealed.set(leaf.party, leaf.r);
  } else if (leaf.kind === "reveals-closed") {
    closes(draw, leaf);
    draw.closed = leaf;
  } else {
    must(!draw.result, `the result of draw ${leaf.draw} stands twice`);
    must(draw.closed !== undefined, "the reveals have not closed");
    must(leaf.reveals_closed === draw.closed.index, `its reveals closed at leaf ${draw.closed.index}`);
    must(leaf.beacon_round === draw.closed.beacon_round, `its beacon round is ${draw.closed.beacon_round}`);
    draw.result = leaf;
  }
}

function specified(evening: Evening, leaf: Spec): void {
  for (const { round } of leaf.rounds) must(!evening.rounds.has(round), `${round} has opened`);
  must(new Set(leaf.rounds.map((one) => one.round)).size === leaf.rounds.length, "it names a round twice");
  must(new Set(leaf.parties).size === leaf.parties.length && leaf.parties.length >= 2, "it has not two parties at least");
  ascending(leaf.reserve_rounds, "reserve_rounds");
  must(leaf.reserve_rounds.length > 0, "it has no reserve round");
  must(leaf.window.valid_from_ms < leaf.window.valid_until_ms, "its window has no length");
  const tickets = leaf.rounds.reduce((sum, one) => sum + most(one.entries), 0);
  must(tickets <= TICKETS_MAX, `one viewer could earn ${tickets} tickets`);
  must(leaf.cap.draws.length === 1 && leaf.cap.draws[0] === leaf.draw, "its cap is of other draws");
  budgeted(leaf);
  trusted(leaf.beacon, leaf.rehearsal);
}

export function ascending(numbers: readonly number[], what: string): void {
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
    must(prize.amount !== undefined, `tier ${prize.tier} has no amount`);
    sums.set(prize.currency, (sums.get(prize.currency) ?? 0n) + BigInt(prize.count) * BigInt(prize.amount));
  }
  const same = sums.size === budget.size && [...sums].every(([currency, sum]) => BigInt(budget.get(currency) ?? -1) === sum);
  must(same, "its budget is not what its prizes come to");
}

function closes(draw: DrawSoFar, leaf: LeafOf<"reveals-closed">): void {
  const { spec, roster } = draw;
  must(!draw.closed, "the reveals have closed already");
  must(roster !== undefined, "there is no roster yet");
  must(leaf.roster === roster.index, `its roster is leaf ${roster.index}`);
  const expected = spec.parties.map((party) => {
    const r = draw.revealed.get(party);
    return `${party} ${r !== undefined} ${r ?? draw.commitments.get(party)}`;
  });
  const said = leaf.parties.map((one) => `${one.party} ${one.revealed} ${one.value}`);
  must(said.join("\n") === expected.join("\n"), "its parties are not those of the spec with what they revealed");
  const first = spec.reserve_rounds.find((round) => timeOf(spec.beacon, round) >= leaf.at_ms + AFTER_REVEALS_MS);
  must(leaf.beacon_round === first, `${leaf.beacon_round} is not the first reserve round half a minute later, ${first ?? "none"}`);
}

