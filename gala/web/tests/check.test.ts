// The second verifier against what others published: the worked example of SPEC.md, the shared vectors of counts,
// RFC 6962's trees. Whole bundles are judged in tests/rewards/test_second_verifier.py, where there is somebody to make them.
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ecb } from "@noble/ciphers/aes.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { timeOf, trusted, verifyRound } from "../src/check/beacon.ts";
import { base64, hex, hmacSha256, join, label, own, sha256, text, u16be, u32be, u64be, unhex, type Bytes } from "../src/check/bytes.ts";
import { decode, encode } from "../src/check/canonical.ts";
import { count, counted } from "../src/check/counts.ts";
import { readDeck } from "../src/check/decks.ts";
import { drawId32 } from "../src/check/drawrules.ts";
import { rules, tickets } from "../src/check/entries.ts";
import { layout, played, slots } from "../src/check/layout.ts";
import type { Chain, Prize } from "../src/check/leaves.ts";
import { fileRoot, leafHash, root, rootByPath } from "../src/check/merkle.ts";
import { checkpoint, cosignedAt, logKey, note, witnessKey, type Verifier } from "../src/check/note.ts";
import { drawn, rankingFile, score, seedOf, tierKey } from "../src/check/ranking.ts";
import { header } from "../src/check/roster.ts";
import { rowId } from "../src/check/rows.ts";
import { list } from "../src/check/shape.ts";
import { entryTiles } from "../src/check/tiles.ts";
import { pathOf, splitting } from "./trees.ts";

const repository = new URL("../../../", import.meta.url);
const file = (path: string): string => readFileSync(new URL(path, repository), "utf-8");

describe("the worked example of SPEC.md", () => {
  const stated = new Map(
    (file("rewards/SPEC.md").split("```")[1] ?? "")
      .trim()
      .split("\n")
      .map((line) => line.split(" = ", 2) as [string, string]),
  );
  const says = (name: string, found: string): void => expect(found, name).toBe(stated.get(name));
  const counting = (from: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => from + at);
  const id32 = drawId32("short/draw/1");
  const order = bls12_381.fields.Fr.ORDER;
  const wide = BigInt(`0x${hex(sha512(join(label("gala/rehearsal-beacon/1"), new Uint8Array(32))))}`);
  const secret = (wide % (order - 1n)) + 1n;
  const key = bls12_381.G2.Point.BASE.multiply(secret).toBytes(true);
  const times = { genesis_ms: 1_700_000_000_000, period_ms: 3000 };
  const chain_hash = sha256(label("gala/rehearsal-chain/1"), key, u64be(times.genesis_ms), u64be(times.period_ms));
  const chain: Chain = { scheme: "bls-unchained-g1-rfc9380", public_key: hex(key), chain_hash: hex(chain_hash), ...times };
  const scheme = bls12_381.shortSignatures;
  const message = scheme.hash(sha256(u64be(1000)), "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_");
  const signature = scheme.sign(message, bls12_381.fields.Fr.toBytes(secret)).toBytes(true);
  const leaves = ["spec", "roster", "closed"].map((word) => leafHash(text(word)));
  const seed = seedOf(leaves, chain_hash, 1000, signature);

  test("names a draw, a commitment and a log", () => {
    says("draw_id32(short/draw/1)", hex(id32));
    const party = sha256(label("gala/party/1"), text("operator"));
    says("commitment(operator, 00 01 … 1f)", hex(sha256(label("gala/commit/1"), id32, party, counting(0))));
    says("leaf_hash(spec)", hex(leafHash(text("spec"))));
    says("root(spec, roster, closed)", hex(root(leaves)));
  });

  test("has a beacon whose signature verifies, and no other of it does", () => {
    says("public key of the rehearsal beacon", hex(key));
    says("chain_hash", chain.chain_hash);
    says("signature of round 1000", hex(signature));
    says("randomness of round 1000", hex(sha256(signature)));
    trusted(chain, true);
    verifyRound(chain, 1000, signature);
    expect(() => verifyRound(chain, 1001, signature)).toThrow("not the beacon's");
    expect(() => trusted(chain, false)).toThrow("not drand quicknet");
    expect(timeOf(chain, 2)).toBe(1_700_000_003_000);
    const infinity = new Uint8Array(48);
    infinity[0] = 0xc0;
    expect(() => verifyRound(chain, 1000, infinity)).toThrow();
  });

  test("draws by scores", () => {
    says("seed", hex(seed));
    says("tier key 1", hex(tierKey(seed, 1)));
    says("score(place 0, ticket 0)", hex(score(tierKey(seed, 1), 0, 0)));
    says("score(place 2, ticket 2)", hex(score(tierKey(seed, 1), 2, 2)));
    const roster = { tickets: Uint16Array.of(2, 1, 3), eligible: Uint8Array.of(1, 1, 1), won: new Uint8Array(3) };
    says("ranking.bin", hex(rankingFile(drawn(seed, [{ tier: 1, count: 1, alternates: 1 }], roster, 1))));
  });

  test("orders, counts and seals a box", () => {
    const places = counting(32);
    says("place key commitment", hex(sha256(label("gala/place-key-commitment/1"), places)));
    const blocks = [0, 1, 2, 3, 4].map((number) => join(u64be(0), u64be(number)));
    const masks = blocks.map((block) => hex(ecb(places, { disablePadding: true }).encrypt(block)));
    const shown = [0, 1, 2, 3, 4].sort((a, b) => ((masks[a] ?? "") < (masks[b] ?? "") ? -1 : 1));
    says("public order of 0 1 2 3 4", shown.join(" "));
    says("numbers_mac", hex(hmacSha256(places, label("gala/numbers/1"), ...shown.map(u32be))));
    const fields = [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["choice", "u8"]];
    const box = unhex("000100000200030100010002010002", 15, "the box");
    says("box root", hex(fileRoot(box, 5)));
    const held = slots(layout({ width: 5, fields }, "layout"), box, "the box");
    const right = rules([{ when: ["eq", "choice", "@settled"], tickets: 1 }], "entries");
    says("tickets", [...tickets(held, right, 2)].join(" "));
  });

  test("writes a roster and a row of the ledger", () => {
    const records = join(u16be(2), u16be(1), u16be(3));
    says("roster.bin", hex(join(header("short/draw/1", 3, 6), records)));
    says("roster root", hex(fileRoot(records, 2)));
    const at = { draw: 1, tier: 1, prize: 0, alternate: 0 };
    says("row id of issue 1", rowId({ ...at, kind: "issue", n: 1 }));
    const row = `1,${rowId({ ...at, kind: "fund", n: 0 })},1700000000000,1,1,0,0,fund,0,OUTSIDE,BUDGET,10000,XTS`;
    says("row 1", row);
    says("hash of row 1", hex(sha256(label("gala/ledger/1"), new Uint8Array(32), text(row))));
  });
});

interface Case {
  name: string;
  layout: never;
  counts: never;
  entries: never;
  settled: number | null;
  slots: string[];
  counters: Record<string, number>;
  tickets: number[];
}

describe("counting and entry rules", () => {
  const { cases } = JSON.parse(file("tests/vectors/counts.json")) as { cases: Case[] };
  test.each(cases)("of $name", (one) => {
    const shape = layout(one.layout, "layout");
    const all = slots(shape, join(...one.slots.map((slot) => unhex(slot, shape.width, "a slot"))), "the box");
    const found = counted(list(count)(one.counts, "counts"), played(all));
    expect(Object.fromEntries(found)).toEqual(one.counters);
    // an empty slot earns nothing, whatever else it holds
    const earned = [...tickets(all, rules(one.entries, "entries"), one.settled ?? undefined)];
    expect(earned.map((held, at) => (all.columns.get("seq")?.[at] === 0 ? 0 : held))).toEqual(one.tickets);
  });
});

describe("canonical JSON", () => {
  test.each(['{"a":1,"b":[true,"é"]}', "[]", '"\\u0001"', "-9007199254740991"])("%s is", (words) => {
    expect(encode(decode(text(words), "it"), "it")).toBe(words);
  });
  test.each(['{"b":1,"a":2}', '{"a":1,"a":1}', "[1, 2]", "1.0", "1e3", "null", "-0", "9007199254740992", '{"é":1}', '"e\u0301"', '"\\ud800"', "[1"])(
    "%s is not",
    (words) => {
      expect(() => decode(text(words), "it")).toThrow();
    },
  );
});

describe("a tree", () => {
  test("of every size up to 40 has one root, by levels and by each leaf's path", () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = Array.from({ length: size }, (_, at) => leafHash(u32be(at)));
      const whole = splitting(leaves);
      expect(root(leaves)).toEqual(whole);
      leaves.forEach((leaf, at) => expect(rootByPath(at, size, leaf, pathOf(at, leaves))).toEqual(whole));
    }
  });

  test("of RFC 6962's own eight leaves has the published root", () => {
    const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const hashes = leaves.map((leaf) => leafHash(unhex(leaf, leaf.length / 2, "a leaf")));
    expect(hex(root(hashes))).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    expect(hex(root([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  test("takes no path that is too long, too short or another's", () => {
    const leaves = [0, 1, 2, 3, 4].map((at) => leafHash(u32be(at)));
    const [leaf, path] = [leaves[2] as Bytes, pathOf(2, leaves)];
    expect(() => rootByPath(2, 5, leaf, path.slice(1))).toThrow("too short");
    expect(() => rootByPath(2, 5, leaf, [...path, leaf])).toThrow("too long");
    expect(() => rootByPath(5, 5, leaf, path)).toThrow("not in a tree");
    expect(rootByPath(3, 5, leaf, path)).not.toEqual(root(leaves));
  });

  test("has the tiles that its size asks for", () => {
    expect(entryTiles(0)).toEqual([]);
    const paths = entryTiles(256 * 1001 + 7).map((one) => one.path);
    expect([paths[0], paths[999], paths.at(-1)]).toEqual(["log/tile/entries/000", "log/tile/entries/999", "log/tile/entries/x001/001.p/7"]);
  });
});

describe("a signed note", () => {
  const secret = new Uint8Array(32).fill(7);
  const line = (name: string, kind: number): string => {
    const body = join(Uint8Array.of(kind), ed25519.getPublicKey(secret));
    return `${name}+${hex(sha256(text(`${name}\n`), body).slice(0, 4))}+${base64(body)}`;
  };
  const log: Verifier = logKey(text(`${line("log.example", 1)}\n`));
  const witness = witnessKey(line("witness.example", 4));
  const body = `log.example\n3\n${base64(sha256(text("root")))}\n`;
  const signed = (by: Verifier, signature: Uint8Array): string => `— ${by.name} ${base64(join(by.id, signature))}\n`;
  const good = `${body}\n${signed(log, ed25519.sign(text(body), secret))}`;
  const cosignature = (seconds: number): string =>
    signed(witness, join(u64be(seconds), ed25519.sign(text(`cosignature/v1\ntime ${seconds}\n${body}`), secret)));

  test("is a checkpoint by its log's key and by no other", () => {
    expect(checkpoint(good, log, "it")).toMatchObject({ origin: "log.example", size: 3 });
    expect(() => checkpoint(good.replace("\n3\n", "\n4\n"), log, "it")).toThrow("not good");
    expect(() => checkpoint(good, { ...log, id: own(witness.id) }, "it")).toThrow("not signed by");
    expect(() => logKey(text(`${line("log.example", 1).replace("+", "x+")}\n`))).toThrow("has the id");
    expect(() => witnessKey(line("log.example", 1))).toThrow("another kind");
  });

  test("is cosigned at a time that the signature fixes", () => {
    const times = (content: string): Map<number, number> => cosignedAt(note(content, "it"), log, [witness], "it");
    expect(times(good).size).toBe(0);
    expect(times(good + cosignature(1_700_000_000)).get(0)).toBe(1_700_000_000_000);
    const later = join(u64be(1_700_000_001), ed25519.sign(text(`cosignature/v1\ntime 1700000000\n${body}`), secret));
    expect(() => times(good + signed(witness, later))).toThrow("not good");
    expect(() => times(good + cosignature(1).replace("witness.example", "stranger.example"))).toThrow("no witness");
  });
});

test("a deck deals its cards by rank, and is the one that the spec promised", () => {
  const content = join(...[[500, 1], [20, 2], [1, 3]].flatMap((record) => record.map(u64be)));
  const prize: Prize = {
    tier: 1,
    name: "Envelopes",
    count: 6,
    currency: "XTS",
    alternates: 0,
    deck: { sum: 543, least: 1, most: 500, size: 48, sha256: hex(sha256(content)) },
  };
  expect([0, 1, 2, 3, 5].map(readDeck(prize, content, "it"))).toEqual([500, 20, 20, 1, 1]);
  expect(() => readDeck({ ...prize, count: 7 }, content, "it")).toThrow("6 cards");
  expect(() => readDeck(prize, content.slice(16), "it")).toThrow("not the one");
});
