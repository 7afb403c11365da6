/** A proof that a viewer saved, checked for somebody else: line by line, whoever it speaks of. */
import { equal, Failed, hex, must, text, view } from "./bytes.ts";
import type { Json } from "./canonical.ts";
import { decided } from "./decided.ts";
import type { LeafOf } from "./leaves.ts";
import type { Files } from "./manifest.ts";
import { checkpoint, logKey, type Checkpoint, type Verifier } from "./note.ts";
import { boxProof, logged, recordOf, ROSTER_RECORD, rosterProof, scoresOf, type BoxProof, type Logged, type RosterProof } from "./proof.ts";
import { isObject } from "./shape.ts";
import { entries, entryTiles } from "./tiles.ts";
import { bytes, type Check } from "./verify.ts";

type Proof = { of: "box"; proof: BoxProof } | { of: "roster"; proof: RosterProof };
type Found<K extends "seal" | "roster" | "result"> = Logged & { leaf: LeafOf<K>; checkpoint: Checkpoint };

/** key: the log's verifier key as known from elsewhere, or empty: then the published one. published: what is, or null. */
export async function* inspect(content: string, key: string, published: Files | null): AsyncGenerator<Check, boolean> {
  let good = true;
  /** Runs a check and tells it; null where it failed. */
  async function tried<T>(name: string, run: () => Promise<[T, string]> | [T, string]): Promise<[T | null, Check]> {
    try {
      const [found, detail] = await run();
      return [found, { name, ok: true, detail }];
    } catch (problem) {
      good = false;
      const words = problem instanceof Failed ? problem.message : `cannot be checked: ${String(problem)}`;
      return [null, { name, ok: false, detail: words }];
    }
  }

  const [read, form] = await tried("proof", () => {
    const found = proofOf(content);
    return [found, subject(found)];
  });
  yield form;
  if (!read) return false;
  const [log, known] = await tried("key", async () => {
    const line = key || (published ? new TextDecoder().decode(await bytes(published, "keys.txt")).trim() : "");
    must(line !== "", "nothing is published here: give the log’s key, as you know it from elsewhere");
    return [logKey(text(`${line}\n`)), `${line}${key ? ", which you gave" : ", which is published here: compare it with what you know"}`];
  });
  yield known;
  if (!log) return false;
  const [found, inLog] = await tried("log", () => {
    const at = read.of === "box" ? logged(read.proof.leaf, read.proof.proof, "seal", log) : logged(read.proof.leaf, read.proof.proof, "roster", log);
    fits(read, at);
    return [at, `its leaf is entry ${at.index} of ${at.size} in the log that this key signed`];
  });
  yield inLog;
  if (!found) return false;
  if (published) yield (await tried("published", async () => [true, await same(published, log, found, read.proof.leaf)]))[1];
  const [tickets, held] = await tried("file", () => record(read, found));
  yield held;
  if (read.of !== "roster" || tickets === null || read.proof.result === undefined || read.proof.result_proof === undefined) return good;
  const { draw, place, result, result_proof } = read.proof;
  yield (
    await tried("result", () => {
      const { leaf } = logged(result, result_proof, "result", log);
      must(leaf.draw === draw, `the result is of draw ${leaf.draw}`);
      return [true, standing(leaf, place, tickets)];
    })
  )[1];
  if (published) {
    yield (
      await tried("beacon", async () => {
        const by = await decided(published, key, draw, result);
        return [true, `the seed follows from round ${by.round} of ${by.rehearsal ? "a REHEARSAL beacon" : "drand quicknet"}, whose signature is good`];
      })
    )[1];
  }
  return good;
}

function proofOf(content: string): Proof {
  let value: Json;
  try {
    value = JSON.parse(content) as Json;
  } catch {
    throw new Failed("this file is no JSON, so it is no proof that a phone saved");
  }
  must(isObject(value) && value["schema"] === "gala/proof/1", "this file is no proof that a phone saved (its schema is not gala/proof/1)");
  return value["kind"] === "box" ? { of: "box", proof: boxProof(value, "the proof") } : { of: "roster", proof: rosterProof(value, "the proof") };
}

const subject = ({ of, proof }: Proof): string => (of === "box" ? `of a play in round ${proof.round}, place ${proof.place}` : `of entries in draw ${proof.draw}, place ${proof.place}`);

/** Fails unless the leaf is of what the proof says it is of. */
function fits(read: Proof, { leaf }: Found<"seal"> | Found<"roster">): void {
  const same = read.of === "box" ? leaf.kind === "seal" && leaf.round === read.proof.round : leaf.kind === "roster" && leaf.draw === read.proof.draw;
  must(same, `the leaf is of another ${read.of === "box" ? "round" : "draw"}`);
}

/** Fails unless the published log has the very leaf at the very place. */
async function same(published: Files, log: Verifier, found: Logged, leaf: string): Promise<string> {
  const now = checkpoint(new TextDecoder().decode(await bytes(published, "log/checkpoint")), log, "the published checkpoint");
  must(found.size <= now.size, `the proof is of a log of ${found.size} entries, and the published one has ${now.size}`);
  if (found.size === now.size) must(hex(now.root) === found.root, "the proof is of another log than the published one");
  const tile = Math.floor(found.index / 256);
  const one = entryTiles(now.size)[tile];
  must(one !== undefined, `the published log has no entry ${found.index}`);
  const held = entries(await bytes(published, one.path), one.count, one.path)[found.index % 256];
  must(held !== undefined && equal(held, text(leaf)), `entry ${found.index} of the published log is another`);
  return `the log published here has this entry, and ${now.size} in all`;
}

function record(read: Proof, { leaf }: Found<"seal"> | Found<"roster">): [number, string] {
  if (leaf.kind === "roster") {
    const tickets = view(recordOf(read.proof, leaf.places, ROSTER_RECORD, leaf.root)).getUint16(0);
    return [tickets, `place ${read.proof.place} of ${leaf.places} in the roster holds ${tickets === 1 ? "1 ticket" : `${tickets} tickets`}`];
  }
  must(leaf.size !== undefined && leaf.root !== undefined && leaf.plays > 0, "the seal publishes no box");
  const slot = recordOf(read.proof, leaf.plays, leaf.size / leaf.plays, leaf.root);
  return [0, `place ${read.proof.place} of ${leaf.plays} in the sealed box holds play number ${view(slot).getUint16(0)}: ${hex(slot)}`];
}

function standing(leaf: LeafOf<"result">, place: number, tickets: number): string {
  return scoresOf(leaf, place, tickets)
    .map((one) => `tier ${one.tier}: score ${one.score}, ${one.cutoff === "" ? "nobody won" : `${one.below ? "at or before" : "after"} the last winner’s ${one.cutoff}`}`)
    .join("; ");
}
