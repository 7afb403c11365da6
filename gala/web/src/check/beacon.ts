/** Section 8: the chains that may be trusted, and whether a signature is theirs for a round. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { equal, Failed, hex, label, must, sha256, u64be, unhex } from "./bytes.ts";
import type { Chain } from "./leaves.ts";

const SCHEME = "bls-unchained-g1-rfc9380";
const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const QUICKNET: Chain = {
  scheme: SCHEME,
  chain_hash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  public_key:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451" +
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesis_ms: 1_692_803_367_000,
  period_ms: 3000,
};

/** When a round's number is made, in ms since 1970. */
export const timeOf = (chain: Chain, round: number): number => chain.genesis_ms + (round - 1) * chain.period_ms;

/** Fails unless this is drand quicknet, or in a rehearsal a local chain whose hash is of its own members. */
export function trusted(chain: Chain, rehearsal: boolean): void {
  must(chain.scheme === SCHEME, `the beacon's scheme is ${chain.scheme}`);
  if (!rehearsal) {
    const same = (Object.keys(QUICKNET) as (keyof Chain)[]).every((member) => QUICKNET[member] === chain[member]);
    must(same, "the beacon is not drand quicknet");
    return;
  }
  must(chain.genesis_ms >= 0, "the beacon began before 1970");
  const made = sha256(
    label("gala/rehearsal-chain/1"),
    unhex(chain.public_key, 96, "the beacon's key"),
    u64be(chain.genesis_ms),
    u64be(chain.period_ms),
  );
  must(hex(made) === chain.chain_hash, "the rehearsal beacon's hash is not of its key and times");
}

/** Fails unless this is the chain's signature of the round: 48 bytes, a point of the subgroup, not infinity. */
export function verifyRound(chain: Chain, round: number, signature: Uint8Array): void {
  const scheme = bls12_381.shortSignatures;
  let good = false;
  try {
    const point = bls12_381.G1.Point.fromBytes(signature);
    point.assertValidity();
    const message = scheme.hash(sha256(u64be(round)), DST);
    good = !point.is0() && equal(point.toBytes(true), signature) && scheme.verify(point, message, unhex(chain.public_key, 96, "the beacon's key"));
  } catch (problem) {
    throw new Failed(`the signature of round ${round} is no point of the beacon's group (${String(problem)})`);
  }
  must(good, `the signature is not the beacon's for round ${round}`);
}
