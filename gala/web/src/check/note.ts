/** C2SP signed notes: verifier keys, checkpoints, cosignatures, and proofs that a leaf is in a log. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { decimal, equal, hex, must, read, sha256, text, unbase64, view, type Bytes } from "./bytes.ts";
import { leafHash, rootByPath } from "./merkle.ts";

const SIGNATURE = 1;
const COSIGNATURE = 4;

/** Who can sign: the log (kind 1) or a witness (kind 4). */
export interface Verifier {
  name: string;
  kind: typeof SIGNATURE | typeof COSIGNATURE;
  key: Bytes;
  id: Bytes;
}

/** Reads `name+id+base64(kind ‖ key)`; the id has to be the key's own. */
export function verifier(line: string, kind: Verifier["kind"]): Verifier {
  const at = line.indexOf("+");
  const [name, id] = [line.slice(0, at), line.slice(at + 1, at + 9)];
  must(at > 0 && line[at + 9] === "+" && !/[\s+]/u.test(name), `${line} is no verifier key`);
  const body = unbase64(line.slice(at + 10), `the key of ${name}`);
  must(body.length === 33 && body[0] === kind, `the key of ${name} is of another kind`);
  const of = sha256(text(`${name}\n`), body).slice(0, 4);
  must(hex(of) === id, `the key of ${name} has the id ${hex(of)}, not ${id}`);
  return { name, kind, key: body.slice(1), id: of };
}

export interface Note {
  text: string;
  signatures: { name: string; id: Bytes; body: Bytes }[];
}

/** A note's text and its signatures, of which none has been verified. */
export function note(content: string, what: string): Note {
  const end = content.lastIndexOf("\n\n");
  must(end > 0 && content.endsWith("\n") && !/[\0-\x09\x0b-\x1f]/.test(content), `${what} is no signed note`);
  const lines = content.slice(end + 2, -1).split("\n");
  return {
    text: content.slice(0, end + 1),
    signatures: lines.map((line) => {
      const [dash, name, body, ...more] = line.split(" ");
      must(dash === "—" && !!name && !name.includes("+") && !!body && more.length === 0, `${what} has a line that is no signature`);
      const bytes = unbase64(body, `the signature of ${name}`);
      must(bytes.length > 4, `the signature of ${name} is too short`);
      return { name, id: bytes.slice(0, 4), body: bytes.slice(4) };
    }),
  };
}

function genuine(signature: Bytes, message: Bytes, key: Bytes): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false; // no point of the curve, or of another length
  }
}

const claims = (one: Note["signatures"][number], by: Verifier): boolean => one.name === by.name && equal(one.id, by.id);

/** Fails unless the note is signed by this key, by one good signature. */
export function signedBy(found: Note, by: Verifier, what: string): void {
  const claimed = found.signatures.filter((one) => claims(one, by));
  must(claimed.length === 1 && claimed[0] !== undefined, `${what} is ${claimed.length ? `signed ${claimed.length} times` : "not signed"} by ${by.name}`);
  must(genuine(claimed[0].body, text(found.text), by.key), `${what}: the signature of ${by.name} is not good`);
}

/** When each of these witnesses cosigned, in ms since 1970, by its place in the list. Fails at a line of anybody else. */
export function cosignedAt(found: Note, log: Verifier, witnesses: readonly Verifier[], what: string): Map<number, number> {
  const times = new Map<number, number>();
  for (const one of found.signatures) {
    if (claims(one, log)) continue;
    const at = witnesses.findIndex((by) => claims(one, by));
    const by = witnesses[at];
    must(by !== undefined, `${what}: ${one.name} is no witness that a spec names`);
    must(one.body.length === 72, `${what}: the cosignature of ${one.name} is of another length`);
    const seconds = view(one.body).getBigUint64(0);
    const good = genuine(one.body.slice(8), text(`cosignature/v1\ntime ${seconds}\n${found.text}`), by.key);
    must(good, `${what}: the cosignature of ${one.name} is not good`);
    must(!times.has(at), `${what}: ${one.name} cosigned it twice`);
    times.set(at, Number(seconds) * 1000);
  }
  return times;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
  note: Note;
}

/** A tlog-checkpoint signed by the log. */
export function checkpoint(content: string, log: Verifier, what: string): Checkpoint {
  const found = note(content, what);
  const [origin, size, root, ...rest] = found.text.slice(0, -1).split("\n");
  must(origin !== undefined && size !== undefined && root !== undefined && rest.length === 0, `${what} is no checkpoint`);
  must(origin === log.name, `${what} is of the log ${origin}, not of ${log.name}`);
  signedBy(found, log, what);
  const hash = unbase64(root, `the root of ${what}`);
  must(hash.length === 32, `the root of ${what} is no hash`);
  return { origin, size: decimal(size, `the size of ${what}`), root: hash, note: found };
}

/** Fails unless the proof (tlog-proof, as text) shows this leaf in the signed log. */
export function proven(proof: string, leaf: Bytes, log: Verifier, what: string): { index: number; checkpoint: Checkpoint } {
  const end = proof.indexOf("\n\n");
  const lines = proof.slice(0, end).split("\n");
  must(end > 0 && lines.shift() === "c2sp.org/tlog-proof@v1", `${what} is no proof of a log`);
  if (lines[0]?.startsWith("extra ")) lines.shift(); // of the application, and signed by nobody
  const index = decimal(/^index (.*)$/.exec(lines.shift() ?? "")?.[1] ?? "", `the index of ${what}`);
  const path = lines.map((line) => unbase64(line, `the path of ${what}`));
  must(path.every((one) => one.length === 32), `the path of ${what} holds something that is no hash`);
  const signed = checkpoint(proof.slice(end + 2), log, `the checkpoint of ${what}`);
  const found = rootByPath(index, signed.size, leafHash(leaf), path);
  must(equal(found, signed.root), `${what} is not at ${index} in the signed log`);
  return { index, checkpoint: signed };
}

/** The one line of keys.txt. */
export function logKey(content: Uint8Array): Verifier {
  const line = /^([^\n]+)\n$/.exec(read(content, "keys.txt"))?.[1];
  must(line !== undefined, "keys.txt is not one line");
  return verifier(line, SIGNATURE);
}

export const witnessKey = (line: string): Verifier => verifier(line, COSIGNATURE);
