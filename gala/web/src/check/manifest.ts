/** Section 3: which files a bundle has, and that each is the one its manifest says. */
import { hex, must, sha256, text } from "./bytes.ts";
import { decode } from "./canonical.ts";
import type { Evening } from "./history.ts";
import { just, list, hash, natural, record, string, truth, type Read } from "./shape.ts";

export const MANIFEST = "MANIFEST.json";

/** Where a bundle's files come from. */
export interface Files {
  /** null where there is no such file */
  read: (path: string) => Promise<Uint8Array | null>;
  /** every path there is, or null where that cannot be known, as over HTTP */
  present: string[] | null;
}

const manifest = record({
  schema: just("gala/bundle/1"),
  show: string,
  rehearsal: truth,
  files: list(record({ path: string, size: natural, sha256: hash })),
});
export type Manifest = Read<typeof manifest>;

/** Paths stand in the order of their bytes in UTF-8, which for rare letters is not that of a browser's strings. */
function before(one: string, other: string): boolean {
  const [a, b] = [text(one), text(other)];
  const at = a.findIndex((byte, at) => byte !== b[at]);
  return at < 0 ? a.length < b.length : (a[at] ?? 0) < (b[at] ?? -1);
}

export const witnessFiles = (of: Manifest): string[] => of.files.map((one) => one.path).filter((path) => path.startsWith("witness/"));

export async function readManifest(files: Files): Promise<Manifest> {
  const content = await files.read(MANIFEST);
  must(content !== null, `there is no ${MANIFEST}`);
  const found = manifest(decode(content, MANIFEST), MANIFEST);
  for (const [at, { path }] of found.files.entries()) {
    const steps = path.split("/");
    must(steps.every((step) => step !== "" && step !== "." && step !== ".."), `${MANIFEST}: ${path} is no path`);
    must(path !== MANIFEST, `${MANIFEST} names itself`);
    must(at === 0 || before(found.files[at - 1]?.path ?? "", path), `${MANIFEST}: ${path} is out of order`);
  }
  const named = new Set(found.files.map((one) => one.path));
  const extra = files.present?.find((path) => path !== MANIFEST && !named.has(path));
  must(extra === undefined, `${extra} is not in the manifest`);
  return found;
}

/** Fails unless the file is there and is the one that the manifest says. */
export function sameFile(one: Manifest["files"][number], content: Uint8Array | null): asserts content is Uint8Array {
  must(content !== null, `${one.path} is missing`);
  must(content.length === one.size, `${one.path} has ${content.length} bytes, not ${one.size}`);
  must(hex(sha256(content)) === one.sha256, `${one.path} is another file than the manifest says`);
}

/** Fails unless exactly the files stand in the manifest that the log asks for, and the verifiers are the promised ones. */
export function expected(found: Manifest, evening: Evening, tiles: readonly string[]): void {
  const wanted = new Set(["keys.txt", "log/checkpoint", "prizes.csv", "ledger.csv", "SPEC.md", "verify.py", ...tiles]);
  for (const [round, { seal }] of evening.rounds) {
    if (!seal) continue;
    wanted.add(`boxes/${round}.counters.json`);
    if (seal.withheld_mac === undefined) wanted.add(`boxes/${round}.bin`);
  }
  for (const [draw, { spec, roster, result }] of evening.draws) {
    for (const { tier, deck } of spec.prizes) if (deck) wanted.add(`draws/${draw}/deck-${tier}.bin`);
    if (roster) for (const name of ["roster.bin", "eligible.bin"]) wanted.add(`draws/${draw}/${name}`);
    if (roster?.won_sha256 !== undefined) wanted.add(`draws/${draw}/won.bin`);
    if (result) for (const name of ["ranking.bin", "beacon.json"]) wanted.add(`draws/${draw}/${name}`);
  }
  for (const { path } of found.files) must(wanted.delete(path) || /^witness\/[1-9][0-9]*$/.test(path), `${path} has no place in a bundle of this log`);
  must(wanted.size === 0, `${[...wanted][0]} is missing`);
  for (const { spec } of evening.draws.values()) {
    for (const [path, promised] of Object.entries(spec.files)) {
      const held = found.files.find((one) => one.path === path)?.sha256;
      must(held === promised, `${path} is not the one promised by the spec of draw ${spec.draw}`);
    }
  }
}
