/** The desk: everything the console shows, as one value, and how to look things up in it. Knows no page and no clock. */
import type * as wire from "../protocol.gen.ts";

export type Desk = wire.Desk;
export type Segment = wire.DeskSegment;
export type Cue = wire.DeskCue;
export type Round = wire.DeskRound;
export type Draw = wire.DeskDraw;
export type Edge = wire.DeskEdge;
export type Window = wire.DeskWindow;
export type AsRun = wire.AsRun;
export type Caller = wire.DeskCaller;

/**
 * Whether `next` may replace `shown`. A version never goes back within an epoch (another edge may lag behind); the
 * link tells the same version again with newer counts, in order, while a reply to a press may be older than the link.
 */
export function supersedes(next: Desk, shown: Desk | null, from: "link" | "reply"): boolean {
  if (!shown) return true;
  if (next.epoch !== shown.epoch) return from === "link";
  return from === "link" ? next.version >= shown.version : next.version > shown.version;
}

export interface CuePlace {
  segment: Segment;
  cue: Cue;
}

/** Every cue of the evening in order, with its segment. */
export function places(desk: Desk): CuePlace[] {
  return desk.segments.flatMap((segment) => segment.cues.map((cue) => ({ segment, cue })));
}

export function place(desk: Desk, cueId: string): CuePlace | null {
  return places(desk).find(({ cue }) => cue.id === cueId) ?? null;
}

export function onAir(desk: Desk): Segment | null {
  return desk.segments.find((segment) => segment.id === desk.on_air) ?? null;
}

export function segmentOf(desk: Desk, id: string): Segment | null {
  return desk.segments.find((segment) => segment.id === id) ?? null;
}

/** The newest round of a segment; void ones count only while nothing came after. */
export function roundOf(desk: Desk, segmentId: string): Round | null {
  const own = newestFirst(desk.rounds).filter((round) => round.segment === segmentId);
  return own.find((round) => round.state !== "void") ?? own[0] ?? null;
}

/** Rounds by opening, newest first. */
export function newestFirst(rounds: readonly Round[]): Round[] {
  return [...rounds].sort((a, b) => b.opened_at_ms - a.opened_at_ms || (a.id < b.id ? 1 : -1));
}

/** The cue fired last in a segment, if any. */
export function newestFired(segment: Segment): Cue | null {
  return segment.cues.reduce<Cue | null>(
    (newest, cue) => (cue.state === "done" && cue.fired_at_ms >= (newest?.fired_at_ms ?? 1) ? cue : newest),
    null,
  );
}

/** The segment that comes after the one on air, if any is left. */
export function following(desk: Desk): Segment | null {
  const here = desk.segments.findIndex((segment) => segment.id === desk.on_air);
  return desk.segments.find((segment, i) => i > here && segment.state === "waiting") ?? null;
}

/** The next cue the conductor will fire by itself in a segment, if its instant is known. */
export function nextTimed(segment: Segment): Cue | null {
  return segment.cues
    .filter((cue) => cue.state !== "done" && cue.state !== "skipped" && cue.by !== "go" && cue.due_at_ms > 0)
    .reduce<Cue | null>((first, cue) => (!first || cue.due_at_ms < first.due_at_ms ? cue : first), null);
}

/** What Skip would skip: the segment looked at if it is still to come, else standby's, else the next to come. */
export function skippable(desk: Desk, lookedAt: string): Segment | null {
  const waiting = desk.segments.filter((segment) => segment.state === "waiting");
  const standby = place(desk, desk.standby)?.segment;
  return (
    waiting.find((segment) => segment.id === lookedAt) ??
    waiting.find((segment) => segment.id === standby?.id) ??
    waiting[0] ??
    null
  );
}

const ACTS: Record<string, string> = {
  start: "Goes on air",
  open: "Opens",
  cut: "Cuts the stage off",
  lock: "Locks",
  settle: "Settle the outcome",
  reveal: "Reveal the result",
  freeze: "Freeze the roster",
  announce: "Announce the winners",
  end: "Goes off air",
};

/** What a cue does, in words. An act this page has not heard of keeps its name. */
export function act(cue: Cue): string {
  return ACTS[cue.do] ?? cue.do;
}

/** Who did it, as the crew speak of each other: `director Mei` is Mei, a conductor's number says nothing. */
export function who(by: string): string {
  const [role = "", ...name] = by.split(" ");
  return role === "conductor" || name.length === 0 ? role : name.join(" ");
}

/** The instant against which clocks that a hold stops are read: the hold's own while held. */
export function runningAt(desk: Desk, nowMs: number): number {
  return desk.held_at_ms > 0 ? desk.held_at_ms : nowMs;
}
