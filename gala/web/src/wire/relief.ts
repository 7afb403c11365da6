import type { Relief, RoundMine, RoundView } from "../protocol.gen.ts";

/** Nothing is left off. */
export const NONE: Relief = { level: 0, gather_ms: 0 };

/** From this level on boosts stay on the phone. */
const BOOSTS_STAY = 4;

/**
 * Whether a play is kept on this phone for now, so that votes and draws have the service to themselves: a boost of the
 * round that runs, unless it says something new of whether its viewer may be shown, which never waits. One of a round
 * that is over goes out and gets its answer.
 */
export function waits(
  { level }: Relief,
  round: Pick<RoundView, "id" | "game" | "state"> | null,
  play: { round: string; move: Record<string, unknown> },
  slot: RoundMine | undefined,
): boolean {
  if (level < BOOSTS_STAY || round?.id !== play.round || round.game !== "boost" || round.state !== "open") return false;
  return (play.move.fan === true) === (slot?.has.fan === true);
}

/** When a phone says what it had kept, ms from now: at a moment of its own, well before the round closes. */
export const goesOutAfter = (gather_ms: number, left_ms: number, chance: number): number =>
  chance * Math.max(0, Math.min(gather_ms, left_ms / 2));
