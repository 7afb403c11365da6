/**
 * The work that a phone may have to do for its number: a text whose SHA-256 behind a challenge begins with so many
 * zero bits. Done in a worker, so that neither the page nor its taps wait for it.
 */
import { sha256 } from "@noble/hashes/sha2.js";

export type Work = (challenge: string, bits: number) => Promise<string>;

/** What the worker is asked. */
export interface Task {
  challenge: string;
  bits: number;
}

const utf8 = new TextEncoder();

/** How many zero bits the digest of this text begins with. */
export function zeroBits(challenge: string, proof: string): number {
  const digest = sha256(utf8.encode(`gala/proof/1\0${challenge}:${proof}`));
  const first = digest.findIndex((byte) => byte > 0);
  return first < 0 ? digest.length * 8 : first * 8 + Math.clz32(digest[first] ?? 0) - 24;
}

/** The first number that is enough, as a text. */
export function solve({ challenge, bits }: Task): string {
  let number = 0;
  while (zeroBits(challenge, String(number)) < bits) number++;
  return String(number);
}

/** Does it in a worker of its own, which ends with it. Rejects where the browser starts none. */
export const work: Work = (challenge, bits) =>
  new Promise((done, fail) => {
    const worker = new Worker(new URL("./working.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      worker.terminate();
      done(data);
    };
    worker.onerror = () => {
      worker.terminate();
      fail(new Error("the work could not be done here"));
    };
    const task: Task = { challenge, bits };
    worker.postMessage(task);
  });
