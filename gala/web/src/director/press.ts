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
import { red, yellow } from "./windows.ts";

export type Go =
  | { is: "resume" }
  /** Every screen is quiet: bringing them back asks first. */
  | { is: "revive" }
  | { is: "fire"; at: CuePlace }
  /** The stage has decided: an outcome must be chosen. */
  | { is: "settle"; at: CuePlace; round: Round }
  /** Cannot be taken back once seen: asks first. `windows` are the channels, slowest last. */
  | { is: "reveal"; at: CuePlace; windows: Window[] }
  /** Some channel could not play at all: needs a reason. */
  | { is: "override"; at: CuePlace; windows: Window[] }
  | { is: "nothing"; why: string };

export function go(desk: Desk): Go {
  if (desk.killed_at_ms > 0) return { is: "revive" };
  if (desk.held_at_ms > 0) return { is: "resume" };
  const at = place(desk, desk.standby);
  if (!at) return { is: "nothing", why: desk.phase === "ended" ? "The show has ended." : "No cue is on standby." };
  const round = roundOf(desk, at.segment.id);
  const barred = round && (at.cue.needs === "outcome" || at.cue.do === "reveal") ? gates(round) : "";
  if (barred) return { is: "nothing", why: barred };
  if (at.cue.needs === "outcome") {
    if (!round || round.choices.length === 0) return { is: "nothing", why: "There is no round to settle." };
    return { is: "settle", at, round };
  }
  if (at.cue.do === "reveal" && round?.timing === "predict" && round.state === "locked" && !round.outcome) {
    return { is: "nothing", why: "The stage’s outcome is not in yet: settle first." };
  }
  if (at.cue.do === "reveal" || at.cue.do === "announce") return { is: "reveal", at, windows: channels(desk, at.segment) };
  if (at.cue.needs === "reason") return { is: "override", at, windows: red(at.segment.windows) };
  return { is: "fire", at };
}

/** Why nothing of a round may be settled or revealed yet; "" once every page has confirmed its lock. */
export function gates(round: Round): string {
  if (round.state === "open") return "Waits for the lock: the round is open.";
  if (round.state !== "locking") return "";
  return round.pages > 0
    ? `Waits for the gates: ${round.pages_locked} of ${round.pages} pages are shut.`
    : "Waits until every page is locked.";
}

/** Whether firing a cue opens a round, itself or by what follows by itself. */
export function opens({ segment, cue }: CuePlace): boolean {
  const follows = segment.cues.slice(segment.cues.indexOf(cue) + 1);
  const end = follows.findIndex((one) => one.by !== "after");
  return [cue, ...(end < 0 ? follows : follows.slice(0, end))].some((one) => one.do === "open");
}

/** The channels for which the round that GO would open is short; they can play, so GO only warns. */
export function short(desk: Desk): Window[] {
  const at = place(desk, desk.standby);
  return at && desk.held_at_ms === 0 && opens(at) ? yellow(at.segment.windows) : [];
}

/** What the keys for the lock do, ms. */
export const EXTENDS = [-5_000, 5_000, 15_000] as const;

/** What moving the open round's lock by `ms` at gala time `nowMs` means, or why it does nothing. */
export function extendable(desk: Desk, nowMs: number, ms: number): { is: "extend"; round: Round } | { is: "nothing"; why: string } {
  const round = newestFirst(desk.rounds).find((one) => one.state === "open");
  if (!round) return { is: "nothing", why: "No round is open: there is no lock to move." };
  if (desk.held_at_ms > 0) return { is: "nothing", why: "The show is held: its locks wait already." };
  if (round.closes_at_ms === 0) return { is: "nothing", why: "A person locks this round: there is no instant to move." };
  const first = round.cut_at_ms > nowMs ? round.cut_at_ms : round.closes_at_ms;
  if (first + ms <= nowMs) return { is: "nothing", why: "That instant has passed already." };
  return { is: "extend", round };
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
    case "revive":
      return "brings the screens back, asks first";
    case "fire": {
      const [tight] = short(desk);
      const warns = tight ? `; short for ${tight.name}` : "";
      return `${means.at.cue.label} ${act(means.at.cue).toLowerCase()}${warns}`;
    }
    case "settle":
      return "asks for the outcome";
    case "reveal":
      return `${means.at.cue.do}s to ${spoken(means.windows.length, "channel")}, asks first`;
    case "override":
      return `${spoken(means.windows.length, "channel")} cannot play, asks why`;
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

export type Key =
  | "go"
  | "standby"
  | "hold"
  | "skip"
  | "swap"
  | "reveal"
  | "void"
  | "void_draw"
  | "multiply"
  | "earlier"
  | "later"
  | "retime"
  | "tune"
  | "clap"
  | "kill"
  | "call"
  | "up"
  | "down"
  | "back"
  | "keys";

const KEYS: Record<string, Key> = {
  " ": "go",
  s: "standby",
  h: "hold",
  k: "skip",
  r: "reveal",
  v: "void",
  n: "void_draw",
  m: "multiply",
  w: "swap",
  "-": "earlier",
  "+": "later",
  "=": "later", // the same key without Shift
  t: "retime",
  d: "tune",
  a: "clap",
  x: "kill",
  b: "call",
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
