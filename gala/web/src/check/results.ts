/** Section 8: beacon.json, the seed, and that the result is the one ranking these files allow. */
import { verifyRound } from "./beacon.ts";
import { equal, hex, must, sha256, text, unhex } from "./bytes.ts";
import { encode } from "./canonical.ts";
import type { DrawSoFar } from "./drawrules.ts";
import type { Evening } from "./history.ts";
import type { LeafOf } from "./leaves.ts";
import { fileRoot, leafHash } from "./merkle.ts";
import { drawn, rankingFile, seedOf, type Tier } from "./ranking.ts";
import type { Roster } from "./roster.ts";

const RANK_BYTES = 28;

/** The beacon's number of this draw, and beacon.json as it has to be. */
export function beaconOf(draw: DrawSoFar, leaf: LeafOf<"result">, beacon: Uint8Array, path: string): Uint8Array {
  const signature = unhex(leaf.signature, 48, "the signature");
  const expected = encode(
    {
      chain: draw.spec.beacon,
      rehearsal: draw.spec.rehearsal,
      round: leaf.beacon_round,
      signature: leaf.signature,
      randomness: hex(sha256(signature)),
    },
    path,
  );
  must(equal(text(expected), beacon), `${path} is not what spec and result say`);
  verifyRound(draw.spec.beacon, leaf.beacon_round, signature);
  return signature;
}

/** The tiers of a result; fails where leaf or file say otherwise. */
export function resultOf(
  evening: Evening,
  draw: DrawSoFar,
  leaf: LeafOf<"result">,
  roster: Roster,
  files: { beacon: Uint8Array; ranking: Uint8Array },
): Tier[] {
  const folder = `draws/${leaf.draw}`;
  const signature = beaconOf(draw, leaf, files.beacon, `${folder}/beacon.json`);
  const seed = seedOf(
    [draw.spec.index, draw.roster?.index ?? -1, draw.closed?.index ?? -1].map((index) => evening.hashes[index] ?? leafHash(new Uint8Array())),
    unhex(draw.spec.beacon.chain_hash, 32, "the chain's hash"),
    leaf.beacon_round,
    signature,
  );
  must(hex(seed) === leaf.seed, `the result's leaf says another seed than ${hex(seed)}`);
  const tiers = drawn(seed, draw.spec.prizes, roster, draw.spec.cap.prizes);
  for (const [at, tier] of tiers.entries()) {
    const said = leaf.tiers[at];
    const same =
      said?.tier === tier.tier &&
      said.winners === tier.winners.length &&
      said.alternates === tier.alternates.length &&
      said.skipped === tier.skipped &&
      said.cutoff === tier.cutoff;
    must(same, `tier ${tier.tier} has ${tier.winners.length} winners, ${tier.alternates.length} alternates, ${tier.skipped} skipped`);
  }
  must(leaf.tiers.length === tiers.length, `it has ${leaf.tiers.length} tiers, not ${tiers.length}`);
  sameRanks(rankingFile(tiers), files.ranking, tiers, `${folder}/ranking.bin`);
  must(files.ranking.length === leaf.size && hex(sha256(files.ranking)) === leaf.sha256, `${folder}/ranking.bin is not the one in the log`);
  must(hex(fileRoot(files.ranking, RANK_BYTES)) === leaf.root, `${folder}/ranking.bin has another root`);
  return tiers;
}

function sameRanks(made: Uint8Array, found: Uint8Array, tiers: readonly Tier[], path: string): void {
  if (equal(made, found)) return;
  let at = 0;
  for (const tier of tiers) {
    const ranks = [...tier.winners, ...tier.alternates];
    for (const [rank, one] of ranks.entries()) {
      const here = found.subarray(at, (at += RANK_BYTES));
      must(equal(here, made.subarray(at - RANK_BYTES, at)), `${path}: tier ${tier.tier} rank ${rank} is place ${one.place}, score ${one.score}`);
    }
  }
  must(false, `${path} holds more than its ranks`);
}
