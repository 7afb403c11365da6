/** RFC 6962's trees as its section 2.1 defines them: slower than what is tested, and plain. */
import type { Bytes } from "../src/check/bytes.ts";
import { nodeHash } from "../src/check/merkle.ts";

const halfOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

/** The root: split at the largest power of two below n. */
export function splitting(leaves: Bytes[]): Bytes {
  if (leaves.length === 1) return leaves[0] as Bytes;
  const half = halfOf(leaves.length);
  return nodeHash(splitting(leaves.slice(0, half)), splitting(leaves.slice(half)));
}

/** The path from a leaf to the root. */
export function pathOf(at: number, leaves: Bytes[]): Bytes[] {
  if (leaves.length === 1) return [];
  const half = halfOf(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return at < half ? [...pathOf(at, left), splitting(right)] : [...pathOf(at - half, right), splitting(left)];
}
