/** That a draw's result is what its beacon decided: from the published log alone, and by the beacon's own signature. */
import { verifyRound } from "./beacon.ts";
import { equal, hex, must, text, unhex } from "./bytes.ts";
import { follow } from "./history.ts";
import { checkLog } from "./log.ts";
import type { Files } from "./manifest.ts";
import { leafHash } from "./merkle.ts";
import { seedOf } from "./ranking.ts";

export interface Decided {
  round: number;
  /** the rehearsal's own beacon, not drand's */
  rehearsal: boolean;
}

/** Fails unless this result stands in the log, its chain may be trusted, and its seed is of the chain's signature. */
export async function decided(files: Files, key: string, draw: number, result: string): Promise<Decided> {
  const { leaves, hashes, origin } = await checkLog(files, key);
  const found = follow(leaves, hashes, origin).draws.get(draw);
  must(found?.roster !== undefined && found.closed !== undefined && found.result !== undefined, `the log has no result of draw ${draw}`);
  const { spec, roster, closed, result: leaf } = found;
  const stands = hashes[leaf.index];
  must(stands !== undefined && equal(leafHash(text(result)), stands), "the result is not the one in the log");
  const signature = unhex(leaf.signature, 48, "the signature");
  verifyRound(spec.beacon, leaf.beacon_round, signature);
  const of = [spec, roster, closed].map(({ index }) => hashes[index] ?? new Uint8Array());
  const seed = seedOf(of, unhex(spec.beacon.chain_hash, 32, "the chain's hash"), leaf.beacon_round, signature);
  must(hex(seed) === leaf.seed, `the result's leaf says another seed than ${hex(seed)}`);
  return { round: leaf.beacon_round, rehearsal: spec.rehearsal };
}
