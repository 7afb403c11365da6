import type { ClapView } from "../protocol.gen.ts";

/** From seeing hands meet to a finger on the glass. */
export const REACTION_MS = 250;
/** The director's press is a person's too: by so much a tap may come before it and still be of this clap. */
export const PRESS_MS = 1000;
/** The service believes nobody who is further from their channel (docs/timing.md). */
export const NUDGE_MS_MAX = 90_000;
/** How long one can answer: after the clap, and while none came. */
export const AFTER_CLAP_MS = 150_000;
export const AFTER_ASKING_MS = 180_000;

/** What this phone keeps of the newest clap: which it is, the last tap, and whether its viewer is done with it. */
export interface ClapMemory {
  asked_at_ms: number;
  /** gala time; 0: not tapped */
  tap_ms: number;
  done: "" | "used" | "dismissed";
}

/** What is kept of this clap; of an older one, nothing. */
export function memoryOf(clap: ClapView, kept: ClapMemory): ClapMemory {
  return kept.asked_at_ms === clap.asked_at_ms ? kept : { asked_at_ms: clap.asked_at_ms, tap_ms: 0, done: "" };
}

/** Whether viewers are asked at this instant. */
export function isAsked(clap: ClapView, now_ms: number): boolean {
  const until_ms = clap.at_ms > 0 ? clap.at_ms + AFTER_CLAP_MS : clap.asked_at_ms + AFTER_ASKING_MS;
  return now_ms < until_ms;
}

/**
 * ask: not tapped yet · waiting: tapped, the hall has not clapped as far as this phone knows · early: tapped before
 * the clap · far: no picture of this channel is so late · found
 */
export interface Finding {
  is: "ask" | "waiting" | "early" | "far" | "found";
  delay_ms: number;
}

/** What a tap at `tap_ms` (0: none) says of this picture. `channel_ms`: how late its channel is as a rule. */
export function findingOf(tap_ms: number, clap: ClapView, channel_ms: number): Finding {
  if (tap_ms === 0) return { is: "ask", delay_ms: 0 };
  if (clap.at_ms === 0) return { is: "waiting", delay_ms: 0 };
  if (tap_ms < clap.at_ms - PRESS_MS) return { is: "early", delay_ms: 0 };
  const delay_ms = Math.max(0, Math.round(tap_ms - clap.at_ms - REACTION_MS));
  return { is: Math.abs(delay_ms - channel_ms) > NUDGE_MS_MAX ? "far" : "found", delay_ms };
}
