/** Section 4: the files of a C2SP tlog-tiles log, and the leaves in them. */
import { equal, must, view, type Bytes } from "./bytes.ts";
import { nodeHash } from "./merkle.ts";

const WIDTH = 256;

/** 1234067 → x001/x234/067 */
function numbered(tile: number): string {
  const threes = [String(tile % 1000).padStart(3, "0")];
  for (let rest = Math.floor(tile / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    threes.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return threes.join("/");
}

function tilesOf(kind: string, count: number): { path: string; count: number }[] {
  const found = [];
  for (let tile = 0; tile * WIDTH < count; tile++) {
    const held = Math.min(WIDTH, count - tile * WIDTH);
    found.push({ path: `log/tile/${kind}/${numbered(tile)}${held < WIDTH ? `.p/${held}` : ""}`, count: held });
  }
  return found;
}

/** The bundles of leaves of a log of this size. */
export const entryTiles = (size: number): { path: string; count: number }[] => tilesOf("entries", size);

/** The tiles of hashes of a log with these leaf hashes, each with what it has to hold. */
export function hashTiles(leaves: readonly Bytes[]): { path: string; hashes: readonly Bytes[] }[] {
  const found = [];
  let hashes = leaves;
  for (let level = 0; hashes.length > 0; level++) {
    for (const [at, { path, count }] of tilesOf(String(level), hashes.length).entries()) {
      found.push({ path, hashes: hashes.slice(at * WIDTH, at * WIDTH + count) });
    }
    const above: Bytes[] = [];
    for (let at = 0; at + WIDTH <= hashes.length; at += WIDTH) above.push(full(hashes.slice(at, at + WIDTH)));
    hashes = above;
  }
  return found;
}

/** The root of a full tile: 256 leaves make a tree without odd ends. */
function full(hashes: readonly Bytes[]): Bytes {
  const [first, ...rest] = hashes;
  if (first && rest.length === 0) return first;
  const half = hashes.length / 2;
  return nodeHash(full(hashes.slice(0, half)), full(hashes.slice(half)));
}

/** The leaves of one bundle: u16be length before each. */
export function entries(content: Uint8Array, count: number, path: string): Bytes[] {
  const found: Bytes[] = [];
  const at = view(content);
  let here = 0;
  while (here + 2 <= content.length) {
    const end = here + 2 + at.getUint16(here);
    must(end <= content.length, `${path}: leaf ${found.length} is cut off`);
    found.push(content.slice(here + 2, end) as Bytes);
    here = end;
  }
  must(here === content.length && found.length === count, `${path} does not hold ${count} leaves`);
  return found;
}

export function sameHashes(content: Uint8Array, hashes: readonly Bytes[]): boolean {
  return content.length === 32 * hashes.length && hashes.every((hash, at) => equal(content.subarray(at * 32, at * 32 + 32), hash));
}
