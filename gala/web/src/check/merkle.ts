/** Section 2: RFC 6962's trees over SHA-256, and the roots of files of records. */
import { join, must, sha256, type Bytes } from "./bytes.ts";

export const RECORDS_A_LEAF = 512;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (leaf: Uint8Array): Bytes => sha256(join(LEAF, leaf));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => sha256(join(NODE, left, right));

/** The root over leaf hashes, level by level: the last node of an odd level goes up as it is. */
export function root(hashes: readonly Bytes[]): Bytes {
  let level = hashes;
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left) above.push(right ? nodeHash(left, right) : left);
    }
    level = above;
  }
  return level[0] ?? sha256(new Uint8Array());
}

/** The root of a file of records of `width` bytes, 512 to a leaf. */
export function fileRoot(content: Uint8Array, width: number): Bytes {
  const size = width * RECORDS_A_LEAF;
  const leaves: Bytes[] = [];
  for (let at = 0; at < content.length; at += size) leaves.push(leafHash(content.subarray(at, at + size)));
  return root(leaves);
}

/** The root that a leaf at `index` of `size` leaves has by its path: RFC 9162, section 2.1.3.2. */
export function rootByPath(index: number, size: number, leaf: Bytes, path: readonly Bytes[]): Bytes {
  must(index >= 0 && index < size, `leaf ${index} is not in a tree of ${size}`);
  let [node, last] = [index, size - 1];
  let found = leaf;
  for (const other of path) {
    must(last > 0, "the path to the root is too long");
    if (node % 2 === 1 || node === last) {
      found = nodeHash(other, found);
      // no brother on the right: the nodes between went up as they were
      while (node % 2 === 0 && node > 0) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
    } else {
      found = nodeHash(found, other);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  must(last === 0, "the path to the root is too short");
  return found;
}
