// A viewer's own proof, made here as the service makes it: it holds for its viewer, and for nobody and nothing else.
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test, describe } from "vitest";
import { base64, hex, join, sha256, text, u16be, unhex, type Bytes } from "../src/check/bytes.ts";
import { encode } from "../src/check/canonical.ts";
import { fileRoot, leafHash, RECORDS_A_LEAF } from "../src/check/merkle.ts";
import { checkpoint, logKey } from "../src/check/note.ts";
import { proveEntry, provePlay, type Known } from "../src/check/proof.ts";
import { bestScore, tierKey } from "../src/check/ranking.ts";
import { pathOf, splitting } from "./trees.ts";

const SECRET = new Uint8Array(32).fill(9);
const PLACES = 1030;
const HASH = "00".repeat(32);
const SEED = "5e".repeat(32);
const ME = 700;

const slots = join(...Array.from({ length: PLACES }, (_, place) => join(u16be(place === ME ? 3 : 1), Uint8Array.of(0, 0, 2))));
const entries = join(...Array.from({ length: PLACES }, (_, place) => u16be(place === ME ? 2 : 1)));
const mine = (tier: number): string => hex(bestScore(tierKey(unhex(SEED, 32, "it"), tier), ME, 2).score);

const seal = encode({ schema: "gala/seal/1", at_ms: 4, round: "g/tetris/1", plays: PLACES, counters_sha256: HASH, recount_equal: true, numbers_mac: HASH, size: slots.length, sha256: HASH, root: hex(fileRoot(slots, 5)) }, "it");
const drawn = { at_ms: 5, draw: 1, draw_id: "g/draw/1" };
const roster = (more: object = {}): string =>
  encode({ schema: "gala/roster/1", ...drawn, rounds: [], numbers_count: PLACES, issued: [[0, PLACES]], places: PLACES, tickets_total: PLACES + 1, eligible_places: PLACES, eligible_tickets: PLACES + 1, histogram: [], size: 64 + entries.length, sha256: HASH, root: hex(fileRoot(entries, 2)), eligible_sha256: HASH, numbers_mac: HASH, ...more }, "it");
const result = (cutoff: string): string =>
  encode({ schema: "gala/result/1", ...drawn, reveals_closed: 2, beacon_round: 9, signature: "00".repeat(48), seed: SEED, tiers: [{ tier: 1, winners: 1, alternates: 0, skipped: 0, cutoff }], size: 0, sha256: HASH, root: HASH }, "it");

/** A signed log of these leaves, and where its proofs come from. */
function logOf(leaves: string[]): { known: Known; proof: (index: number) => string } {
  const body = join(Uint8Array.of(1), ed25519.getPublicKey(SECRET));
  const id = sha256(text("log.example\n"), body).slice(0, 4);
  const log = logKey(text(`log.example+${hex(id)}+${base64(body)}\n`));
  const hashes = leaves.map((leaf) => leafHash(text(leaf)));
  const words = `log.example\n${leaves.length}\n${base64(splitting(hashes))}\n`;
  const signed = `${words}\n— log.example ${base64(join(id, ed25519.sign(text(words), SECRET)))}\n`;
  const steps = (index: number): string => pathOf(index, hashes).map((step) => `${base64(step)}\n`).join("");
  return {
    known: { log, published: checkpoint(signed, log, "it") },
    proof: (index) => `c2sp.org/tlog-proof@v1\nindex ${index}\n${steps(index)}\n${signed}`,
  };
}

function chunk(content: Bytes, width: number): { chunk: string; path: string[] } {
  const size = width * RECORDS_A_LEAF;
  const hashes = [0, 1, 2].map((at) => leafHash(content.slice(at * size, (at + 1) * size)));
  return { chunk: base64(content.slice(size, 2 * size)), path: pathOf(1, hashes).map(hex) };
}

const proofs = (leaves: string[], more: object = {}): { known: Known; box: string; entry: string } => {
  const log = logOf(leaves);
  const common = { schema: "gala/proof/1", place: ME };
  return {
    known: log.known,
    box: JSON.stringify({ ...common, kind: "box", round: "g/tetris/1", ...chunk(slots, 5), leaf: leaves[0], proof: log.proof(0), ...more }),
    entry: JSON.stringify({ ...common, kind: "roster", draw: 1, ...chunk(entries, 2), leaf: leaves[1], proof: log.proof(1), result: leaves[2], result_proof: log.proof(2), ...more }),
  };
};

const lost = [seal, roster(), result("00".repeat(16))];
const told = { draw: 1, place: ME, tickets: 2, won: false };

describe("a play", () => {
  test("is in the sealed box at its place", () => {
    const { known, box } = proofs(lost);
    expect(provePlay(box, known, "g/tetris/1", 3)).toMatchObject({ plays: PLACES, place: ME, seq: 3, index: 0, size: 3, slot: "0003000002" });
  });

  test("of another round, number, place or box is not", () => {
    const { known, box } = proofs(lost);
    expect(() => provePlay(box, known, "g/dance/1", 3)).toThrow("of round");
    expect(() => provePlay(box, known, "g/tetris/1", 2)).toThrow("holds play 3");
    for (const more of [{ place: ME + 1 }, { place: 512 * 2 }, { place: PLACES }, { path: [] }, { chunk: base64(slots.slice(0, 2560)) }, { leaf: lost[1] }, { schema: "gala/proof/2" }]) {
      expect(() => provePlay(proofs(lost, more).box, known, "g/tetris/1", 3), JSON.stringify(more).slice(0, 40)).toThrow();
    }
    expect(() => provePlay("{", known, "g/tetris/1", 3)).toThrow("no JSON");
  });

  test("in a log that is not the published one proves nothing", () => {
    const other = proofs([seal, roster(), result("01".repeat(16))]);
    expect(() => provePlay(proofs(lost).box, other.known, "g/tetris/1", 3)).toThrow("another log");
    expect(() => provePlay(proofs([...lost, "{}"]).box, other.known, "g/tetris/1", 3)).toThrow("longer log");
  });
});

describe("an entry", () => {
  test("has its score computed here, and it is not that of a winner", () => {
    const { known, entry } = proofs(lost);
    const found = proveEntry(entry, known, told);
    expect(found.tiers).toEqual([{ tier: 1, cutoff: "00".repeat(16), score: mine(1), below: false }]);
    expect(found).toMatchObject({ places: PLACES, place: ME, tickets: 2 });
  });

  test("that won is at or before the cutoff", () => {
    const { known, entry } = proofs([seal, roster(), result(mine(1))]);
    expect(proveEntry(entry, known, { ...told, won: true }).tiers[0]?.below).toBe(true);
    expect(() => proveEntry(entry, known, told)).toThrow("told that it did not");
    expect(() => proveEntry(proofs(lost).entry, proofs(lost).known, { ...told, won: true })).toThrow("no score of it wins");
  });

  test("of a draw in which some places were barred may be passed over", () => {
    const { known, entry } = proofs([seal, roster({ eligible_places: PLACES - 1 }), result(mine(1))]);
    expect(proveEntry(entry, known, told).tiers[0]?.below).toBe(true);
  });

  test("with other entries, at another place, or of another draw does not hold", () => {
    const { known, entry } = proofs(lost);
    expect(() => proveEntry(entry, known, { ...told, tickets: 3 })).toThrow("2 entries of yours");
    expect(() => proveEntry(entry, known, { ...told, place: 1 })).toThrow("told 1");
    expect(() => proveEntry(entry, known, { ...told, draw: 2 })).toThrow("of draw 1");
    expect(() => proveEntry(proofs(lost, { result: result("11".repeat(16)) }).entry, known, told)).toThrow("not at 2");
  });
});
