import type { SegmentText } from "../protocol.gen.ts";
import { readChoices, type Choice } from "./ballot.ts";

/** What a round of boost says of itself. */
export interface Stars {
  choices: Choice[];
  /** the most one viewer may give */
  cap: number;
  /** so many earn the entry */
  threshold: number;
  tickets: number;
  /** taps that count in a second */
  per_s: number;
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const number = (value: unknown, otherwise = 0): number =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise;

/** Reads `RoundView.public`; the segment's text gives the stars their names. */
export function readStars(shown: Record<string, unknown>, segment: SegmentText): Stars {
  return {
    choices: readChoices(shown.choices, segment),
    cap: number(shown.cap),
    threshold: number(shown.threshold),
    tickets: number(shown.tickets),
    per_s: number(shown.taps_per_s, 12),
  };
}

/** What the service holds of this viewer: taps, and the points they made for the stage and after its cut. */
export interface Given {
  star: string;
  total: number;
  stage: number;
  own: number;
  /** whether this viewer's number may be shown among the top fans */
  fan: boolean;
}

/** Of a slot's `has`; nothing where there is no slot. */
export function givenOf(has: Record<string, unknown> | undefined): Given {
  const { total, stage, own } = has ?? {};
  return { star: String(has?.for ?? ""), total: number(total), stage: number(stage), own: number(own), fan: has?.fan === true };
}

/** A multiplier that holds at an instant of gala time. */
export interface Spell {
  factor_bp: number;
  until_ms: number;
}

/** The spell of this instant among `[from, until, factor_bp]`, if one is cast. */
export function spellAt(spells: readonly (readonly number[])[], now_ms: number): Spell | null {
  for (const [from_ms = 0, until_ms = 0, factor_bp = 0] of spells) {
    if (from_ms <= now_ms && now_ms < until_ms && factor_bp !== 10_000) return { factor_bp, until_ms };
  }
  return null;
}

/** Whether the stage has stopped counting. 0: no cut has been called. */
export const isCut = (cut_at_ms: number, now_ms: number): boolean => cut_at_ms > 0 && now_ms >= cut_at_ms;

/** A line of the star board. */
export interface Line {
  choice: Choice;
  points: number;
  /** of all stage points, 0…100 */
  share: number;
}

/** Stage points of all stars, most first; equal ones stay in the round's order. */
export function boardOf(stars: Stars, counters: unknown): Line[] {
  const points = fields(fields(counters).choices);
  const whole = stars.choices.reduce((sum, choice) => sum + number(points[choice.id]), 0);
  return stars.choices
    .map((choice) => {
      const own = number(points[choice.id]);
      return { choice, points: own, share: whole > 0 ? (own / whole) * 100 : 0 };
    })
    .sort((a, b) => b.points - a.points);
}
