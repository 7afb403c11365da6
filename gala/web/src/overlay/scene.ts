import type { DrawView, RoundView, SegmentView, Show, Tally } from "../protocol.gen.ts";

/** What is on air. One value a frame; `nothing` is a scene too, and the commonest: the stage speaks for itself. */
export type Scene =
  | { kind: "nothing" }
  | { kind: "join" }
  | { kind: "vote"; round: RoundView }
  | { kind: "boost"; round: RoundView }
  | { kind: "hits"; round: RoundView }
  | { kind: "rain"; round: RoundView }
  | { kind: "draw"; draw: DrawView }
  | { kind: "soon"; at_ms: number; left_ms: number }
  | { kind: "countdown"; at_ms: number; left_ms: number };

/** The last minute fills the picture; before it a small clock will do. */
export const COUNTDOWN_MS = 60_000;

/** The scene for what the hall may know at this instant. */
export function sceneOf(show: Show | null, now_ms: number): Scene {
  if (show === null || show.phase === "ended") return { kind: "nothing" };
  const { segment, round, draw } = show;
  if (segment === null) return { kind: "join" };
  if (segment.look_up) return { kind: "nothing" };
  if (segment.kind === "countdown" && segment.countdown_at_ms > 0) return countdown(segment, now_ms);
  if (segment.kind === "draw") {
    return draw !== null && draw.state !== "armed" && draw.state !== "void" ? { kind: "draw", draw } : { kind: "nothing" };
  }
  if (round === null) return { kind: "join" };
  if (round.state === "void") return { kind: "nothing" };
  if (round.game === "boost") return { kind: "boost", round };
  // what is caught is drawn a little later, in the same segment
  if (draw !== null && draw.state !== "armed") return draw.state === "void" ? { kind: "nothing" } : { kind: "draw", draw };
  if (round.game === "rain") return { kind: "rain", round };
  if (round.game === "whack") return { kind: "hits", round };
  return { kind: "vote", round };
}

function countdown(segment: SegmentView, now_ms: number): Scene {
  const at_ms = segment.countdown_at_ms;
  const left_ms = at_ms - now_ms;
  if (left_ms <= 0) return { kind: "nothing" };
  return { kind: left_ms <= COUNTDOWN_MS ? "countdown" : "soon", at_ms, left_ms };
}

/** A clock that can be drawn: `light` is what is left of it, 0…100. Null where nobody knows the end, or it is past. */
export function clockOf(
  from_ms: number,
  to_ms: number,
  now_ms: number,
): { seconds: number; light: number } | null {
  if (to_ms <= 0 || now_ms >= to_ms) return null;
  const light = (100 * (to_ms - now_ms)) / Math.max(1, to_ms - from_ms);
  return { seconds: Math.ceil((to_ms - now_ms) / 1000), light: Math.round(Math.min(100, light) * 2) / 2 };
}

/** The director's spell that runs now: how many times a tap counts, and how long it still does. */
export function spellOf(round: RoundView, now_ms: number): { factor: number; left_ms: number } | null {
  for (const [from_ms = 0, until_ms = 0, factor_bp = 0] of round.spells) {
    if (from_ms <= now_ms && now_ms < until_ms) return { factor: factor_bp / 10_000, left_ms: until_ms - now_ms };
  }
  return null;
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The counters of a round that may be shown: its result once revealed, else the live ones. Null: none may. */
export function countersOf(round: RoundView, tally: Tally | null): Record<string, unknown> | null {
  if (round.state === "revealed") return fields(round.result.tally);
  return tally !== null && tally.round === round.id ? tally.counters : null;
}

export interface Standing {
  id: string;
  place: number;
  count: number;
  /** of the greatest count, 0…1 */
  ofTop: number;
  /** of all counts together in whole per cent; two of them always make a hundred */
  percent: number;
  leads: boolean;
}

/** Where each of these choices stands, in their own order; zeros where the counters say nothing. */
export function standings(ids: readonly string[], counters: Record<string, unknown> | null): Standing[] {
  const counts = fields(counters?.choices);
  const found = ids.map((id) => Math.max(0, Number(counts[id] ?? 0)) || 0);
  const total = found.reduce((sum, count) => sum + count, 0);
  const top = Math.max(0, ...found);
  const alone = found.filter((count) => count === top).length === 1;
  const first = total > 0 ? Math.round((100 * (found[0] ?? 0)) / total) : 0;
  return ids.map((id, place) => {
    const count = found[place] ?? 0;
    const rounded = total > 0 ? Math.round((100 * count) / total) : 0;
    const percent = ids.length === 2 && total > 0 ? (place === 0 ? first : 100 - first) : rounded;
    return { id, place, count, ofTop: top > 0 ? count / top : 0, percent, leads: top > 0 && alone && count === top };
  });
}

/** A viewer who agrees to be shown by their number, and what they gave to whom. */
export interface TopFan {
  seat: number;
  star: string;
  points: number;
}

/** The first few fans of the counters' instant; none where nobody agrees, or the round's fans are not told. */
export function fansOf(counters: Record<string, unknown> | null, most: number): TopFan[] {
  const told = Array.isArray(counters?.fans) ? counters.fans : [];
  return told
    .map(fields)
    .map((one) => ({ seat: Number(one.seat), star: String(one.for), points: Number(one.points) }))
    .filter((one) => Number.isInteger(one.seat) && Number.isFinite(one.points))
    .slice(0, most);
}

/** At most `most` of them: all in their order, or the leading ones when there are more. */
export function leading(all: readonly Standing[], most: number): Standing[] {
  if (all.length <= most) return [...all];
  return [...all].sort((a, b) => b.count - a.count || a.place - b.place).slice(0, most);
}

/** The ids a round offers, in its order. */
export function idsOf(round: RoundView): string[] {
  const listed = round.public.choices;
  return Array.isArray(listed) ? listed.map((one) => String(typeof one === "string" ? one : fields(one).id)) : [];
}
