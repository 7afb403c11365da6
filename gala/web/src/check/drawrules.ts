/** What may follow what in a draw: spec, commitments, roster, reveals, their end, result or void, dates, close-out. */
import { hex, label, must, sha256, text, unhex } from "./bytes.ts";
import { timeOf } from "./beacon.ts";
import { counting, namedOf, type Evening } from "./history.ts";
import type { LeafOf, Spec } from "./leaves.ts";
import { checkSpec } from "./specs.ts";

const AFTER_REVEALS_MS = 30_000;

export interface DrawSoFar {
  spec: Spec;
  commitments: Map<string, string>;
  roster?: LeafOf<"roster">;
  revealed: Map<string, string>;
  closed?: LeafOf<"reveals-closed">;
  result?: LeafOf<"result">;
  voided?: LeafOf<"void">;
  dates: LeafOf<"alternate">[];
  closeOut?: LeafOf<"close-out">;
}

type DrawLeaf =
  | Spec
  | LeafOf<"commit">
  | LeafOf<"roster">
  | LeafOf<"reveal">
  | LeafOf<"reveals-closed">
  | LeafOf<"result">
  | LeafOf<"void">
  | LeafOf<"alternate">
  | LeafOf<"close-out">;

export const drawId32 = (draw_id: string): Uint8Array => sha256(label("gala/draw-id/1"), text(draw_id));

export function drawRules(evening: Evening, leaf: DrawLeaf): void {
  must(leaf.draw_id === `${evening.begun?.show}/draw/${leaf.draw}`, `${leaf.draw_id} is not the id of draw ${leaf.draw}`);
  if (leaf.kind === "spec") {
    must(leaf.draw === evening.draws.size + 1, `draw ${leaf.draw} comes after draw ${evening.draws.size}`);
    checkSpec(evening, leaf);
    evening.draws.set(leaf.draw, { spec: leaf, commitments: new Map(), revealed: new Map(), dates: [] });
    return;
  }
  const draw = evening.draws.get(leaf.draw);
  must(draw !== undefined, `draw ${leaf.draw} has no spec`);
  const { spec } = draw;
  if (leaf.kind === "alternate" || leaf.kind === "close-out") {
    paid(draw, leaf);
    return;
  }
  must(!draw.result || leaf.kind !== "result", `the result of draw ${leaf.draw} stands twice`);
  must(!draw.result && !draw.voided, `draw ${leaf.draw} has ended`);
  if (leaf.kind === "commit") {
    must(spec.parties.includes(leaf.party), `${leaf.party} is no party of draw ${leaf.draw}`);
    must(!draw.commitments.has(leaf.party), `${leaf.party} has committed already`);
    must(!draw.roster, "the roster stands already");
    draw.commitments.set(leaf.party, leaf.commitment);
  } else if (leaf.kind === "roster") {
    must(!draw.roster, "the roster stands already");
    for (const before of spec.cap.draws.slice(0, -1)) {
      const earlier = evening.draws.get(before);
      must(earlier?.result !== undefined || earlier?.voided !== undefined, `draw ${before}, which its cap names, has not ended`);
    }
    const over = spec.cap.draws.length > 1;
    must(over === (leaf.won_sha256 !== undefined) && over === (leaf.won_total !== undefined), "won_sha256 and won_total stand where the cap names earlier draws");
    for (const party of spec.parties) must(draw.commitments.has(party), `${party} has not committed`);
    const sealed = counting(evening, draw).map((round) => `${round} ${sealOf(evening, spec, round)?.index ?? "not sealed"}`);
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
  } else if (leaf.kind === "void") {
    voids(draw, leaf);
    draw.voided = leaf;
  } else {
    must(draw.closed !== undefined, "the reveals have not closed");
    must(leaf.reveals_closed === draw.closed.index, `its reveals closed at leaf ${draw.closed.index}`);
    must(leaf.beacon_round === draw.closed.beacon_round, `its beacon round is ${draw.closed.beacon_round}`);
    draw.result = leaf;
  }
}

/** What seals the plays that a round gives to a draw: its box, or the part of it that is drawn from apart. */
function sealOf(evening: Evening, spec: Spec, round: string): LeafOf<"seal"> | LeafOf<"part"> | undefined {
  const found = evening.rounds.get(round);
  const named = namedOf(evening, spec, round);
  if (!named?.apart) return found?.seal;
  return found?.parts?.find((part) => part.channels.join() === named.channels?.join());
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

/** When the beacon decides a draw, in ms since 1970: from then on nobody may choose any more. */
export function decidedAt({ spec, closed }: DrawSoFar): number {
  return timeOf(spec.beacon, closed?.beacon_round ?? spec.reserve_rounds.at(-1) ?? 0);
}

function voids(draw: DrawSoFar, leaf: LeafOf<"void">): void {
  const decided = decidedAt(draw);
  if (leaf.cause === "director") {
    must(leaf.at_ms < decided, "a director's void after the beacon spoke");
  } else if (leaf.cause === "lapsed") {
    must(!draw.closed && leaf.at_ms + AFTER_REVEALS_MS > decided, "a draw that can still close its reveals has not lapsed");
  } else {
    must(draw.closed !== undefined && leaf.at_ms >= decided && !draw.spec.rehearsal, "a draw is void for want of a witness only once the beacon spoke, and in no rehearsal");
  }
}

function paid(draw: DrawSoFar, leaf: LeafOf<"alternate"> | LeafOf<"close-out">): void {
  must(!draw.closeOut, `draw ${leaf.draw} is closed`);
  if (leaf.kind === "close-out") {
    must(draw.result !== undefined || draw.voided !== undefined, `draw ${leaf.draw} has not ended`);
    draw.closeOut = leaf;
    return;
  }
  must(draw.result !== undefined, `draw ${leaf.draw} has no result`);
  must(leaf.date === draw.dates.length + 1, `date ${leaf.date} comes after date ${draw.dates.length}`);
  const due = draw.spec.alternates_at_ms[leaf.date - 1];
  must(due !== undefined && leaf.at_ms >= due, `date ${leaf.date} is not due`);
  must(leaf.last >= leaf.first - 1, "its rows end before they begin");
  draw.dates.push(leaf);
}
