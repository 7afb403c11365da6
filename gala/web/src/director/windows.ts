/** What each channel sees of a round's window: advice in words and the geometry of the picture. Pure. */
import { type Desk, onAir, place, roundOf, type Segment, type Window } from "./desk.ts";
import { seconds } from "./times.ts";

/** Under this a window is too short to decide in (yellow); 0 or less cannot be played at all (red). */
export const SHORT_MS = 8_000;

export interface Advice {
  level: "yellow" | "red";
  who: string;
  what: string;
}

/** How a visible window is to be taken. */
export function levelOf(visibleMs: number): "ok" | "yellow" | "red" {
  if (visibleMs <= 0) return "red";
  return visibleMs < SHORT_MS ? "yellow" : "ok";
}

/** One sentence for each channel that needs one, reds first; who is not meant to play needs none. */
export function advice(windows: readonly Window[]): Advice[] {
  const said = windows.flatMap((w): Advice[] => {
    const earlier = Math.ceil((SHORT_MS - w.visible_ms) / 1000);
    if (w.level === "red") return [{ level: "red", who: `${w.name} sees none of it: ${seconds(w.visible_ms)}.`, what: `Open ${earlier} s earlier, or mark it play-along only.` }];
    if (w.level !== "yellow") return [];
    return [{ level: "yellow", who: `${w.name} sees ${seconds(w.visible_ms)}.`, what: `Open ${earlier} s earlier to make it enough.` }];
  });
  return [...said.filter((a) => a.level === "red"), ...said.filter((a) => a.level === "yellow")];
}

/** What a channel that cannot play lacks before GO: what helps, else to go on without it. */
export function without(window: Window): string {
  return `sees none of it: ${seconds(window.visible_ms)}. Open ${Math.ceil((SHORT_MS - window.visible_ms) / 1000)} s earlier, or go on without it.`;
}

/** Channels that could not play at all if the round opened as planned. */
export function red(windows: readonly Window[]): Window[] {
  return windows.filter((w) => w.level === "red");
}

/** Channels that would see too little to decide in. */
export function yellow(windows: readonly Window[]): Window[] {
  return windows.filter((w) => w.level === "yellow");
}

/** The worst of some windows. */
export function worst(windows: readonly Window[]): "ok" | "yellow" | "red" {
  if (windows.some((w) => w.level === "red")) return "red";
  return windows.some((w) => w.level === "yellow") ? "yellow" : "ok";
}

/** A window to draw: a round's, by the clock, or a planned one, counted from its opening. */
export interface Picture {
  planned: boolean;
  openMs: number;
  /** 0 while nobody knows when it locks. */
  lockMs: number;
  windows: Window[];
}

/** The picture that matters: of the segment looked at, of the round on air, else of what stands by. */
export function picture(desk: Desk, lookedAt: Segment | null): Picture | null {
  const air = onAir(desk);
  const round = air && roundOf(desk, air.id);
  if (!lookedAt && round && round.state !== "void" && round.state !== "revealed" && round.windows.length > 0) {
    return { planned: false, openMs: round.opened_at_ms, lockMs: round.closes_at_ms, windows: round.windows };
  }
  const next = lookedAt ?? place(desk, desk.standby)?.segment;
  if (!next || next.windows.length === 0 || next.state === "done") return null;
  return { planned: true, openMs: 0, lockMs: next.window_ms, windows: next.windows };
}

export interface Bar {
  window: Window;
  /** Percent of the axis from its start. */
  from: number;
  width: number;
}

export interface Axis {
  bars: Bar[];
  /** Percent of the axis; null when outside or unknown. */
  open: number;
  lock: number | null;
  now: number | null;
}

/**
 * Where everything stands on the picture. The axis runs from a little before the opening to past the last thing on
 * it; while nobody knows when the round locks it ends a little after now. `nowMs` stands still during a hold.
 */
export function axis({ planned, openMs, lockMs, windows }: Picture, nowMs: number): Axis {
  const seen = windows.map((w) => openMs + w.delay_ms);
  const last = Math.max(lockMs || nowMs, openMs + 10_000, ...seen);
  const pad = 0.08 * (last - openMs);
  const start = openMs - pad;
  const end = last + pad;
  const at = (ms: number) => (100 * (Math.min(end, Math.max(start, ms)) - start)) / (end - start);
  const bars = windows.map((window): Bar => {
    const from = openMs + window.delay_ms;
    // A channel that cannot play: by how much it misses, from the lock to where it would have seen the opening.
    if (window.visible_ms <= 0 && lockMs > 0) return { window, from: at(lockMs), width: Math.max(2, at(from) - at(lockMs)) };
    const until = lockMs > 0 ? from + window.visible_ms : end;
    return { window, from: at(from), width: Math.max(1, at(until) - at(from)) };
  });
  const shown = !planned && nowMs >= start && nowMs <= end;
  return { bars, open: at(openMs), lock: lockMs > 0 ? at(lockMs) : null, now: shown ? at(nowMs) : null };
}
