/** Sections 4 and 8: who else saw the log in time. */
import { equal, must, read } from "./bytes.ts";
import { decidedAt, type DrawSoFar } from "./drawrules.ts";
import type { Evening } from "./history.ts";
import { root } from "./merkle.ts";
import { checkpoint, cosignedAt, witnessKey, type Verifier } from "./note.ts";

/** A checkpoint that somebody else signed: its size, and when each witness (by its key's line) did, in ms. */
export interface Seen {
  size: number;
  at_ms: Map<string, number>;
}

/** Reads `witness/S`; fails unless it is a checkpoint of the first S leaves with good lines of known keys only. */
export function readSeen(content: Uint8Array, path: string, log: Verifier, evening: Evening): Seen {
  const named = [...new Set([...evening.draws.values()].flatMap(({ spec }) => spec.witnesses))];
  const signed = checkpoint(read(content, path), log, path);
  must(path === `witness/${signed.size}`, `${path} is of ${signed.size} leaves`);
  must(signed.size <= evening.hashes.length, `${path} is of more leaves than there are`);
  must(equal(root(evening.hashes.slice(0, signed.size)), signed.root), `${path} has another root than these leaves`);
  const times = cosignedAt(signed.note, log, named.map(witnessKey), path);
  must(times.size > 0, `${path} is signed by no witness`);
  return { size: signed.size, at_ms: new Map([...times].map(([at, time]) => [named[at] ?? "", time])) };
}

/** Whether a leaf was seen by one of the draw's witnesses before the beacon decided. */
function vouched(index: number, draw: DrawSoFar, seen: readonly Seen[]): boolean {
  const before = decidedAt(draw);
  return seen.some(({ size, at_ms }) => size > index && draw.spec.witnesses.some((key) => (at_ms.get(key) ?? Infinity) < before));
}

/** What is to be said of a draw's witness, or null where nobody had to see anything. Fails where one is lacking. */
export function witnessed(draw: DrawSoFar, seen: readonly Seen[]): string | null {
  const { closed, result, voided, spec } = draw;
  if (voided?.cause === "unwitnessed") {
    must(closed !== undefined && !vouched(closed.index, draw, seen), "void for want of a witness, and a witness saw it in time");
    return "nobody saw it in time, so it is void";
  }
  const leaf = voided?.cause === "director" ? voided : result ? closed : undefined;
  if (!leaf) return null;
  if (vouched(leaf.index, draw, seen)) return `leaf ${leaf.index} was cosigned before the beacon decided`;
  must(spec.rehearsal, `UNWITNESSED: nobody cosigned leaf ${leaf.index} before the beacon decided`);
  return `UNWITNESSED: nobody cosigned leaf ${leaf.index} in time, as may be in a rehearsal`;
}
