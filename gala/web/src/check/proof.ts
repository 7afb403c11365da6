/** One viewer's own proof: my play is in the sealed box; I was in the roster, with this score. All of it runs on a phone. */
import { equal, Failed, hex, must, text, unbase64, unhex, view } from "./bytes.ts";
import type { Json } from "./canonical.ts";
import { leaf as readLeaf, type Leaf, type LeafOf } from "./leaves.ts";
import { leafHash, RECORDS_A_LEAF, rootByPath } from "./merkle.ts";
import { proven, type Checkpoint, type Verifier } from "./note.ts";
import { bestScore, tierKey } from "./ranking.ts";
import type { Decided } from "./decided.ts";
import { hash, just, list, natural, record, string, type Read, type Reader } from "./shape.ts";

export const ROSTER_RECORD = 2;
const members = { schema: just("gala/proof/1"), place: natural, chunk: string, path: list(hash), leaf: string, proof: string };
export const boxProof = record({ ...members, kind: just("box"), round: string });
export const rosterProof = record({ ...members, kind: just("roster"), draw: natural }, { result: string, result_proof: string });
export type BoxProof = Read<typeof boxProof>;
export type RosterProof = Read<typeof rosterProof>;

/** Where in the signed log something stands. */
export interface Logged {
  index: number;
  size: number;
  root: string;
}

export interface BoxFacts extends Logged {
  kind: "box";
  plays: number;
  place: number;
  /** the play's own number, as the slot has it */
  seq: number;
  /** the whole slot, in hex */
  slot: string;
}

export interface TierFacts {
  tier: number;
  score: string;
  cutoff: string;
  /** whether the score is at or before that of the last winner */
  below: boolean;
}

export interface RosterFacts extends Logged {
  kind: "roster";
  places: number;
  place: number;
  tickets: number;
  /** none while the draw has no result */
  tiers: TierFacts[];
  /** the leaf of the result, or empty */
  result: string;
  /** what decided it, once that was checked too; see decided.ts */
  decided?: Decided;
}

/** What this phone knows of its viewer, which a proof has to fit. */
export interface Known {
  log: Verifier;
  /** the checkpoint that everybody is served */
  published: Checkpoint;
}

/** Fails unless the proof shows this play of this round. seq: the number of the play as the phone has it. */
export function provePlay(content: string, known: Known, round: string, seq: number): BoxFacts {
  const proof: BoxProof = parsed(content, boxProof);
  must(proof.round === round, `the proof is of round ${proof.round}`);
  const { leaf, ...at } = entry(proof.leaf, proof.proof, "seal", known);
  must(leaf.round === round, `the leaf seals round ${leaf.round}`);
  must(leaf.size !== undefined && leaf.root !== undefined && leaf.plays > 0, "the seal publishes no box");
  const slot = recordOf(proof, leaf.plays, leaf.size / leaf.plays, leaf.root);
  const found = view(slot).getUint16(0);
  must(found === seq, `the slot holds play ${found} of yours, and the phone made ${seq}`);
  return { kind: "box", ...at, plays: leaf.plays, place: proof.place, seq: found, slot: hex(slot) };
}

/** What the service told this viewer of a draw. */
export interface Told {
  draw: number;
  place: number;
  tickets: number;
  won: boolean;
}

/** Fails unless the proof shows this viewer's place, and its scores, computed here, fit what the viewer was told. */
export function proveEntry(content: string, known: Known, told: Told): RosterFacts {
  const proof: RosterProof = parsed(content, rosterProof);
  const { leaf, ...at } = entry(proof.leaf, proof.proof, "roster", known);
  must(proof.draw === told.draw && leaf.draw === told.draw, `the proof is of draw ${leaf.draw}`);
  must(proof.place === told.place, `the proof is of place ${proof.place}, and the phone was told ${told.place}`);
  const found = recordOf(proof, leaf.places, ROSTER_RECORD, leaf.root);
  const tickets = view(found).getUint16(0);
  must(tickets === told.tickets, `the roster has ${tickets} entries of yours, and the phone was told ${told.tickets}`);
  const facts: RosterFacts = { kind: "roster", ...at, places: leaf.places, place: proof.place, tickets, tiers: [], result: "" };
  if (proof.result === undefined || proof.result_proof === undefined) return facts;
  const result = entry(proof.result, proof.result_proof, "result", known).leaf;
  must(result.draw === told.draw, `the result is of draw ${result.draw}`);
  facts.result = proof.result;
  facts.tiers = scoresOf(result, proof.place, tickets);
  const below = facts.tiers.some((one) => one.below);
  must(!told.won || below, "the phone was told that it won, and no score of it wins");
  // a place that was barred, or has won all it may, is passed over whatever its score
  const passed = leaf.eligible_places < leaf.places || leaf.won_total !== undefined;
  must(told.won || !below || passed, "a score of this place wins, and the phone was told that it did not");
  return facts;
}

/** A place's best score in each tier, beside that of the tier's last winner. */
export function scoresOf(result: LeafOf<"result">, place: number, tickets: number): TierFacts[] {
  return result.tiers.map(({ tier, cutoff }) => {
    const { score } = bestScore(tierKey(unhex(result.seed, 32, "the seed"), tier), place, tickets);
    return { tier, cutoff, score: hex(score), below: cutoff !== "" && hex(score) <= cutoff };
  });
}

function parsed<T>(content: string, reader: Reader<T>): T {
  let value: Json;
  try {
    value = JSON.parse(content) as Json;
  } catch {
    throw new Failed("the proof is no JSON");
  }
  return reader(value, "the proof");
}

/** A leaf that the proof shows in the log which everybody is served. */
function entry<K extends Leaf["kind"]>(leaf: string, proof: string, kind: K, { log, published }: Known): Logged & { leaf: LeafOf<K> } {
  const { checkpoint, ...found } = logged(leaf, proof, kind, log);
  must(checkpoint.size <= published.size, "the proof is of a longer log than the published one");
  if (checkpoint.size === published.size) must(equal(checkpoint.root, published.root), "the proof is of another log than the published one");
  return found;
}

/** A leaf of this kind that the proof shows in a log which the key has signed. */
export function logged<K extends Leaf["kind"]>(leaf: string, proof: string, kind: K, log: Verifier): Logged & { leaf: LeafOf<K>; checkpoint: Checkpoint } {
  const bytes = text(leaf);
  const { index, checkpoint } = proven(proof, bytes, log, `the ${kind}`);
  const found = readLeaf(bytes, index);
  must(found.kind === kind, `the leaf is a ${found.kind}, not a ${kind}`);
  return { leaf: found as LeafOf<K>, index, size: checkpoint.size, root: hex(checkpoint.root), checkpoint };
}

/** The viewer's own record; fails unless its chunk is in the file of that root. */
export function recordOf(proof: BoxProof | RosterProof, records: number, width: number, root: string): Uint8Array {
  const chunk = unbase64(proof.chunk, "the chunk");
  const [at, chunks] = [Math.floor(proof.place / RECORDS_A_LEAF), Math.ceil(records / RECORDS_A_LEAF)];
  must(proof.place < records, `there is no place ${proof.place}`);
  const held = at === chunks - 1 ? records - at * RECORDS_A_LEAF : RECORDS_A_LEAF;
  must(chunk.length === held * width, "the chunk is not as long as it must be");
  const path = proof.path.map((one) => unhex(one, 32, "a step of the path"));
  const found = rootByPath(at, chunks, leafHash(chunk), path);
  must(hex(found) === root, "the chunk is not in the file that the log names");
  const from = (proof.place % RECORDS_A_LEAF) * width;
  return chunk.slice(from, from + width);
}
