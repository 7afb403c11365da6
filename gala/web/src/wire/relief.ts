import type { Relief, RoundMine, RoundView } from "../protocol.gen.ts";

/** Nothing is left off. */
export const NONE: Relief = { level: 0, gather_ms: 0 };

/** From this level on boosts stay on the phone. */
const BOOSTS_STAY = 4;

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

/**
 * Whether a play is kept on this phone for now, so that votes and draws have the service to themselves: a boost of the
 * round that runs. One that earns the entry never waits, nor one that says something new of whether its viewer may be
 * shown; and one of a round that is over goes out and gets its answer.
 */
export function waits(
  { level }: Relief,
  round: Pick<RoundView, "id" | "game" | "state" | "public"> | null,
  play: { round: string; move: Record<string, unknown> },
  slot: RoundMine | undefined,
): boolean {
  if (level < BOOSTS_STAY || round?.id !== play.round || round.game !== "boost" || round.state !== "open") return false;
  const threshold = number(round.public.tickets) > 0 ? number(round.public.threshold) : 0;
  const earns = number(slot?.has.total) < threshold && threshold <= number(play.move.total);
  return !earns && (play.move.fan === true) === (slot?.has.fan === true);
}

/** When a phone says what it had kept, ms from now: at a moment of its own, well before the round closes. */
export const goesOutAfter = (gather_ms: number, left_ms: number, chance: number): number =>
  chance * Math.max(0, Math.min(gather_ms, left_ms / 2));
