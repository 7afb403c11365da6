/** What GO and the other keys mean on this desk, before anything is sent. Pure: the console asks, then acts. */
import {
  type Cue,
  type CuePlace,
  type Desk,
  type Round,
  type Segment,
  type Window,
  act,
  newestFirst,
  place,
  places,
  roundOf,
} from "./desk.ts";
import { countdown } from "./times.ts";
import { red } from "./windows.ts";

export type Go =
  | { is: "resume" }
  | { is: "fire"; at: CuePlace }
  /** The stage has decided: an outcome must be chosen. */
  | { is: "settle"; at: CuePlace; round: Round }
  /** Cannot be taken back once seen: asks first. `windows` are the channels, slowest last. */
  | { is: "reveal"; at: CuePlace; windows: Window[] }
  /** Some channel could not play at all. */
  | { is: "override"; at: CuePlace; windows: Window[] }
  | { is: "nothing"; why: string };

export function go(desk: Desk): Go {
  if (desk.held_at_ms > 0) return { is: "resume" };
  const at = place(desk, desk.standby);
  if (!at) return { is: "nothing", why: desk.phase === "ended" ? "The show has ended." : "No cue is on standby." };
  const round = roundOf(desk, at.segment.id);
  if (at.cue.needs === "outcome") {
    if (!round || round.choices.length === 0) return { is: "nothing", why: "There is no round to settle." };
    if (round.state === "open" || round.state === "locking") {
      return { is: "nothing", why: "Waits until every page is locked." };
    }
    return { is: "settle", at, round };
  }
  if (at.cue.do === "reveal" || at.cue.do === "announce") return { is: "reveal", at, windows: channels(desk, at.segment) };
  if (at.cue.do === "open") {
    const cannot = red(at.segment.windows);
    if (cannot.length > 0) return { is: "override", at, windows: cannot };
  }
  return { is: "fire", at };
}

/** Whether nothing counts for the stage any more at gala time `nowMs`. */
export function cutOff(round: Round, nowMs: number): boolean {
  return round.cut_at_ms > 0 && round.cut_at_ms <= nowMs;
}

/** `×2`, `×1.5`. */
export function times(factorBp: number): string {
  return `×${factorBp / 10_000}`;
}

/** What the multiplier key begins: twice the points for a minute. */
export const DOUBLE = { factor_bp: 20_000, ms: 60_000 } as const;

/** What M means at gala time `nowMs`: the round whose points it would double, or why it does nothing. */
export function doublable(desk: Desk, nowMs: number): { is: "multiply"; round: Round } | { is: "nothing"; why: string } {
  const round = newestFirst(desk.rounds).find((one) => one.multiplies && one.state === "open");
  if (!round) return { is: "nothing", why: "No boost is open: there is nothing to multiply." };
  if (cutOff(round, nowMs)) return { is: "nothing", why: "The stage is cut off: nothing is left to multiply." };
  const left = round.spell_until_at_ms - nowMs;
  if (left > 0) return { is: "nothing", why: `${times(round.factor_bp)} runs already, ${countdown(left)} more.` };
  return { is: "multiply", round };
}

/** The channels a reveal reaches, fastest first, as far as any round of the evening names them. */
export function channels(desk: Desk, segment: Segment): Window[] {
  const named = [roundOf(desk, segment.id), ...desk.rounds, segment, ...desk.segments];
  const windows = named.find((one) => one && one.windows.length > 0)?.windows ?? [];
  return [...windows].sort((a, b) => a.delay_ms - b.delay_ms);
}

const NUMBER = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** `five channels`, `1 channel`… as spoken. */
export function spoken(n: number, noun: string): string {
  return `${NUMBER[n] ?? n} ${noun}${n === 1 ? "" : "s"}`;
}

/** The line under GO: what pressing it does. */
export function goWords(desk: Desk): string {
  const means = go(desk);
  switch (means.is) {
    case "resume":
      return "clocks and locks move on";
    case "fire":
      return `${means.at.cue.label} ${act(means.at.cue).toLowerCase()}`;
    case "settle":
      return "asks for the outcome";
    case "reveal":
      return `${means.at.cue.do}s to ${spoken(means.windows.length, "channel")}, asks first`;
    case "override":
      return `${spoken(means.windows.length, "channel")} cannot play`;
    case "nothing":
      return means.why;
  }
}

/**
 * What the Standby key would arm: the cue looked at, or, if none is armed, the next one a person fires. A cue that was
 * done may be armed again: that is how a round is run anew.
 */
export function armable(desk: Desk, lookedAt: string): Cue | null {
  const looked = place(desk, lookedAt)?.cue;
  if (looked) return looked.state === "waiting" || looked.state === "done" ? looked : null;
  if (desk.standby) return null;
  return places(desk).find(({ cue }) => cue.state === "waiting" && cue.by === "go")?.cue ?? null;
}

/** The cue `step` places on from the one looked at, else from standby; stays at the ends. "" if there is none. */
export function lookFrom(desk: Desk, lookedAt: string, step: number): string {
  const all = places(desk).filter(({ cue }) => cue.state !== "skipped");
  const here = all.findIndex(({ cue }) => cue.id === (lookedAt || desk.standby));
  return all[Math.min(all.length - 1, Math.max(0, here + step))]?.cue.id ?? "";
}

export type Key = "go" | "standby" | "hold" | "skip" | "reveal" | "void" | "multiply" | "up" | "down" | "back" | "keys";

const KEYS: Record<string, Key> = {
  " ": "go",
  s: "standby",
  h: "hold",
  k: "skip",
  r: "reveal",
  v: "void",
  m: "multiply",
  arrowup: "up",
  arrowdown: "down",
  escape: "back",
  "?": "keys",
};

export interface Pressed {
  key: string;
  code: string;
  repeat: boolean;
  isComposing: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Which act a key asks for; null for a repeat, a chord, or a key that means nothing here. */
export function keyOf(event: Pressed): Key | null {
  if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  const named = KEYS[event.key.toLowerCase()];
  if (named) return named;
  // Another alphabet on the keyboard: the key in the letter's place.
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  return letter && event.key.charCodeAt(0) > 127 ? (KEYS[letter] ?? null) : null;
}
