import type { LocalPlay } from "../wire/plays.ts";
import type { Hit } from "./moles.ts";

/** The service wants claimed times that increase, and keeps them in hundredths of a second. */
const APART_MS = 10;
/** Hits go out together about once a second, ms of the phone's own time. */
const BATCH_MS = 1000;

/** The hits a move lists; what is no hit is left out. */
export function hitsOf(move: Record<string, unknown> | undefined): Hit[] {
  const listed = Array.isArray(move?.hits) ? (move.hits as unknown[]) : [];
  return listed.flatMap((one) => {
    const [mole, at_ms] = Array.isArray(one) ? (one as unknown[]) : [];
    return typeof mole === "number" && typeof at_ms === "number" ? [{ mole, at_ms }] : [];
  });
}

/** All hits so far as a move: absolute, so that the newest play says everything. */
export const moveOf = (hits: readonly Hit[]): Record<string, unknown> => ({
  hits: hits.map(({ mole, at_ms }) => [mole, at_ms]),
});

/** With one more, at the end; never the same mascot twice, never earlier than the one before. */
export function added(hits: readonly Hit[], mole: number, at_ms: number): Hit[] {
  if (hits.some((one) => one.mole === mole)) return [...hits];
  const last_ms = hits.at(-1)?.at_ms ?? -Infinity;
  return [...hits, { mole, at_ms: Math.max(Math.round(at_ms), last_ms + APART_MS) }];
}

/** Hits of two tabs of one phone, in order of time; of one mascot the first counts. */
export function merged(own: readonly Hit[], other: readonly Hit[]): Hit[] {
  const both = [...own, ...other].sort((a, b) => a.at_ms - b.at_ms || a.mole - b.mole);
  return both.reduce<Hit[]>((all, { mole, at_ms }) => added(all, mole, at_ms), []);
}

/** What the service holds of this viewer in a round of whack. */
export interface Held {
  hits: number;
  moles: ReadonlySet<number>;
}

/** Of a slot's `has`; nothing where there is no slot. */
export function heldOf(has: Record<string, unknown> | undefined): Held {
  const moles = Array.isArray(has?.moles) ? (has.moles as number[]) : [];
  return { hits: typeof has?.hits === "number" ? has.hits : moles.length, moles: new Set(moles) };
}

/** Hits the service left out, by mascot, with its reasons. */
export type LeftOut = ReadonlyMap<number, string>;

/** What an answer leaves out of the hits it was about: the parts it names, or all that was not counted before. */
export function leftOutOf(play: LocalPlay | undefined, held: Held): LeftOut {
  const out = new Map<number, string>();
  if (play?.status === "refused") {
    for (const { mole } of hitsOf(play.move)) if (!held.moles.has(mole)) out.set(mole, play.reason);
  }
  for (const part of play?.status === "counted" ? play.parts : []) {
    const [mole, reason] = Array.isArray(part) ? (part as unknown[]) : [];
    if (typeof mole === "number" && !held.moles.has(mole)) out.set(mole, String(reason));
  }
  return out;
}

/** What has gone out: up to which hit, gala time, and when, local ms. */
export interface Sent {
  hit_at_ms: number;
  at_ms: number;
}

/** Whether there is a hit that has not gone out. */
export const isNew = (hits: readonly Hit[], sent: Sent): boolean => (hits.at(-1)?.at_ms ?? -Infinity) > sent.hit_at_ms;

/**
 * Whether to send now: something new, and a second has passed, or as long as the service asks phones to gather, or the
 * wave is over. `now_ms` is local.
 */
export function isDue(hits: readonly Hit[], sent: Sent, now_ms: number, waveOver: boolean, gather_ms = 0): boolean {
  return isNew(hits, sent) && (waveOver || now_ms - sent.at_ms >= Math.max(BATCH_MS, gather_ms));
}
