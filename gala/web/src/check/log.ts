/** Section 4: the signed log, its tiles and its leaves. */
import { equal, must, type Bytes } from "./bytes.ts";
import { leaf, type Leaf } from "./leaves.ts";
import type { Files } from "./manifest.ts";
import { leafHash, root } from "./merkle.ts";
import { checkpoint, logKey, type Verifier } from "./note.ts";
import { entries, entryTiles, hashTiles, sameHashes } from "./tiles.ts";
import { read } from "./bytes.ts";

export interface Log {
  key: Verifier;
  origin: string;
  root: Bytes;
  leaves: Leaf[];
  hashes: Bytes[];
  /** paths of all tiles */
  tiles: string[];
}

export async function checkLog(files: Files, known: string): Promise<Log> {
  const bytes = async (path: string): Promise<Uint8Array> => {
    const found = await files.read(path);
    must(found !== null, `${path} is missing`);
    return found;
  };
  const line = await bytes("keys.txt");
  must(known === "" || read(line, "keys.txt").trim() === known.trim(), "keys.txt is not the key you know");
  const key = logKey(line);
  const signed = checkpoint(read(await bytes("log/checkpoint"), "log/checkpoint"), key, "log/checkpoint");
  must(signed.note.signatures.length === 1, "log/checkpoint is signed by somebody else too");
  const bodies: Bytes[] = [];
  const tiles: string[] = [];
  for (const { path, count } of entryTiles(signed.size)) {
    bodies.push(...entries(await bytes(path), count, path));
    tiles.push(path);
  }
  const hashes = bodies.map(leafHash);
  must(equal(root(hashes), signed.root), "the leaves have another root than the checkpoint");
  for (const { path, hashes: held } of hashTiles(hashes)) {
    must(sameHashes(await bytes(path), held), `${path} is not of these leaves`);
    tiles.push(path);
  }
  return { key, origin: signed.origin, root: signed.root, leaves: bodies.map(leaf), hashes, tiles };
}
