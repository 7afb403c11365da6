import type { DrawView, EnvelopeView, Mine, PrizeView, RoundMine, Standing, VoucherView } from "../protocol.gen.ts";
import type { RoundPhase } from "../viewer/scene.ts";
import type { LocalPlay } from "../wire/plays.ts";

/**
 * Where this viewer's envelope is. fall: envelopes are in the air · sealed: one is caught, or on its way there · over: the
 * rain ended without one · opened: with an amount · empty: others had the lower scores · elsewhere: caught while watching
 * another way, and dealt there · void: the round is called off
 */
export type Envelope =
  | { is: "fall" | "sealed" | "over" | "elsewhere" | "void" }
  | { is: "opened"; voucher: VoucherView; standing: Standing }
  | { is: "empty"; standing: Standing };

export function envelopeOf(
  phase: RoundPhase,
  slot: RoundMine | undefined,
  local: LocalPlay | undefined,
  draw: DrawView | null,
  mine: Pick<Mine, "draws" | "vouchers">,
): Envelope {
  if (phase === "void" || draw?.state === "void") return { is: "void" };
  const held = slot !== undefined || (local !== undefined && local.status !== "refused");
  if (draw?.state === "announced") {
    const standing = mine.draws.find((one) => one.draw === draw.draw);
    const voucher = mine.vouchers.find((one) => one.draw === draw.draw);
    if (standing && voucher) return { is: "opened", voucher, standing };
    if (standing) return { is: "empty", standing };
    return { is: slot !== undefined ? "elsewhere" : "over" };
  }
  if (held) return { is: "sealed" };
  return { is: phase === "soon" || phase === "open" ? "fall" : "over" };
}

/** sealed: its number is not due · opening: it is · late: long ago, and the envelope waits for it */
export type Seal = "sealed" | "opening" | "late";

/** From its instant on the number is fetched, checked, dealt and told; after so long it is late, ms. */
const LATE_MS = 15_000;
/** What the dealing takes, usually, ms. */
const DEALING_MS = 2_000;

/** When an envelope opens before the eyes of somebody so far behind the hall; 0 while nobody knows. */
export const opensAt = (draw: Pick<DrawView, "beacon_at_ms"> | null, delay_ms: number): number =>
  draw && draw.beacon_at_ms > 0 ? draw.beacon_at_ms + delay_ms + DEALING_MS : 0;

export function sealOf(opens_at_ms: number, now_ms: number): Seal {
  if (opens_at_ms === 0 || now_ms < opens_at_ms) return "sealed";
  return now_ms < opens_at_ms + LATE_MS ? "opening" : "late";
}

/** What is seen of an envelope while something else is on air. */
export type Waiting =
  | { is: Seal; opens_at_ms: number }
  | { is: "opened"; voucher: VoucherView }
  | { is: "empty" };

/** What was in an envelope stays in sight so long, ms; then it is in the wallet. */
const SHOWN_MS = 180_000;

/** The envelope that this viewer caught in a rain that is not on air; null: there is none, or none any more. */
export function waitingOf(
  view: EnvelopeView,
  local: LocalPlay | undefined,
  mine: Pick<Mine, "rounds" | "draws" | "vouchers">,
  delay_ms: number,
  now_ms: number,
): Waiting | null {
  const held = mine.rounds[view.round] !== undefined || (local !== undefined && local.status !== "refused");
  if (!held || view.state === "void") return null;
  if (view.state !== "announced") {
    const opens_at_ms = opensAt(view, delay_ms);
    return { is: view.state === "drawn" ? "opening" : sealOf(opens_at_ms, now_ms), opens_at_ms };
  }
  if (now_ms >= view.announced_at_ms + delay_ms + SHOWN_MS) return null;
  const voucher = mine.vouchers.find((one) => one.draw === view.draw);
  if (voucher) return { is: "opened", voucher };
  return mine.draws.some((one) => one.draw === view.draw) ? { is: "empty" } : null;
}

/** What the envelopes hold: how many there are, and the smallest and the largest amount. Null without a table. */
export function oddsOf(prizes: readonly PrizeView[]): { count: number; least: number; most: number; currency: string } | null {
  const first = prizes[0];
  if (!first) return null;
  return {
    count: prizes.reduce((sum, prize) => sum + prize.count, 0),
    least: Math.min(...prizes.map((prize) => prize.least_minor || prize.face_minor)),
    most: Math.max(...prizes.map((prize) => prize.face_minor)),
    currency: first.currency,
  };
}

/** An envelope in the air: where across (per cent), when it enters after the opening (s), its width (px), tilt (degrees). */
export interface Falling {
  across: number;
  enters_s: number;
  wide: number;
  tilt: number;
}

/** So many are in the air at once. None is smaller than a thumb's target. */
const IN_THE_AIR = 14;
/** How long each falls, s, before it falls again: all alike, so that they keep apart. */
export const FALLS_S = 6.3;

/** The same sky for everyone: which one is touched means nothing, so nothing here is drawn by lot. */
export const SKY: readonly Falling[] = Array.from({ length: IN_THE_AIR }, (_none, n) => ({
  across: (n * 37 + 6) % 82,
  enters_s: (n * FALLS_S) / IN_THE_AIR,
  wide: 70 + ((n * 17) % 35),
  tilt: ((n * 11) % 25) - 12,
}));
