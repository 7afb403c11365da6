/** Channels as they are tuned: what was typed, and what a delay does to the next window. Pure. */
import type * as wire from "../protocol.gen.ts";
import { type Desk, place, type Segment } from "./desk.ts";
import { levelOf } from "./windows.ts";

export type Tuning = wire.DeskTuning;

/** The most that a channel may run behind the hall. */
export const DELAY_MS_MAX = 600_000;
/** A press of − or +. */
export const NUDGE_MS = 500;

/** Seconds as typed, `20`, `20.5` or `20,5`, in milliseconds to the tenth of a second; null if they are none. */
export function delayFrom(typed: string): number | null {
  const text = typed.trim().replace(",", ".");
  if (!/^\d{1,3}(\.\d+)?$/.test(text)) return null;
  const ms = Math.round(Number(text) * 10) * 100;
  return ms <= DELAY_MS_MAX ? ms : null;
}

/** A step earlier or later, within what a channel may have. */
export function nudged(delayMs: number, byMs: number): number {
  return Math.min(DELAY_MS_MAX, Math.max(0, delayMs + byMs));
}

export function delayAt(desk: Desk, channel: string): number | undefined {
  return desk.channels.find((one) => one.channel === channel)?.delay_ms;
}

/** Channels that do not run as the rundown says. */
export function retuned(desk: Desk): Tuning[] {
  return desk.channels.filter((one) => one.delay_ms !== one.planned_ms);
}

/** Whether a round is open that keeps the delays it opened with. */
export function keepsDelays(desk: Desk): boolean {
  return desk.rounds.some((round) => round.state === "open");
}

export interface Seen {
  segment: Segment;
  visible_ms: number;
  level: wire.DeskWindow["level"];
}

/** What a channel with this delay would see of the next planned round; null if none is planned. */
export function wouldSee(desk: Desk, channel: string, delayMs: number): Seen | null {
  const standby = place(desk, desk.standby)?.segment;
  const next = [standby, ...desk.segments].find(
    (one) =>
      one?.cues.some((cue) => cue.do === "open" && (cue.state === "waiting" || cue.state === "standby")) &&
      one.windows.some((window) => window.channel === channel),
  );
  const window = next?.windows.find((one) => one.channel === channel);
  if (!next || !window) return null;
  const equal = next.cues.some((cue) => cue.do === "open" && cue.timing === "appear");
  const visible = equal ? window.visible_ms : window.visible_ms + window.delay_ms - delayMs;
  return { segment: next, visible_ms: visible, level: window.level === "watch" ? "watch" : levelOf(visible) };
}

/** What A does: asks phones to watch for the clap, or says that it is now. */
export function clapStep(desk: Desk): "ask_clap" | "clap" {
  return desk.clap && desk.clap.at_ms === 0 ? "clap" : "ask_clap";
}
