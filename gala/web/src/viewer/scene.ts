import type { Mine, Queue, RoundView, Show } from "../protocol.gen.ts";
import type { Link } from "../wire/connection.ts";

/** What the stage shows. One value, so that what is announced and what is seen cannot differ. */
export type Scene =
  | "joining"
  | "refused"
  | "full"
  | "nolink"
  | "ended"
  | "quiet"
  | "join"
  | "before"
  | "wait"
  | "lookup"
  | "round"
  | "draw"
  | "countdown"
  | "card";

/** Tries that may fail before the whole stage says that there is no link; the controls close at the first. */
const TRIES_QUIET = 1;

/** The scene for what this phone knows. */
export function sceneOf(link: Link, show: Show | null, mine: Mine): Scene {
  if (link.reason === "starting") return "joining"; // the service is up, its show is not yet
  if (link.queue) return "full";
  if (link.state === "refused") return "refused";
  if (link.state !== "up" && link.tries > TRIES_QUIET) return "nolink";
  if (show === null) return "joining";
  if (show.phase === "ended") return "ended";
  if (show.quiet) return "quiet"; // before the door too: nothing is begun that nobody may go on with
  if (mine.number < 0) return "join";
  const { segment, round, draw } = show;
  if (round !== null && (round.state === "open" || segment?.kind === "game")) return "round";
  if (segment === null) return show.phase === "before" ? "before" : "wait";
  if (segment.kind === "draw" && draw !== null) return "draw";
  if (segment.look_up) return "lookup";
  if (segment.kind === "countdown" && segment.countdown_at_ms > 0) return "countdown";
  return "card";
}

/** open: answers are taken · closing: this phone's clock says it is over, the service has not yet said so */
export type RoundPhase = "soon" | "open" | "closing" | "locked" | "revealed" | "void";

/** A round's phase at this instant. `closes_at_ms` 0 means that a person will close it. */
export function phaseOf(round: RoundView, held: boolean, now_ms: number): RoundPhase {
  if (round.state !== "open") return round.state;
  if (now_ms < round.opens_at_ms) return "soon";
  if (round.closes_at_ms > 0 && now_ms >= round.closes_at_ms && !held) return "closing";
  return "open";
}

/** A window shorter than this is tight for a person, and one shorter than the other is none (docs/timing.md). */
export const TIGHT_MS = 8000;
const NONE_MS = 1000;

/** How much of a round that closes for everyone at once this phone's picture leaves: all of it, too little, nothing. */
export function leftBy(round: RoundView, delay_ms: number): "all" | "little" | "none" {
  const sameForAll = round.timing === "predict" || round.timing === "influence";
  if (!sameForAll || delay_ms <= 0 || round.closes_at_ms <= 0) return "all";
  const visible_ms = round.closes_at_ms - round.opens_at_ms;
  return visible_ms < NONE_MS ? "none" : visible_ms < TIGHT_MS ? "little" : "all";
}

/** What stands in a round's place: its game, or an honest word to whoever cannot play it any more. */
export type RoundPlace = "game" | "watch" | "missed";

/** `played`: this viewer has a play in it, counted or not, which goes before. */
export function placeOf(round: RoundView, phase: RoundPhase, delay_ms: number, played: boolean): RoundPlace {
  if (phase === "revealed" || phase === "void" || played) return "game";
  if (round.watch_only) return "watch";
  return leftBy(round, delay_ms) === "none" ? "missed" : "game";
}

/** The place in line when so much of the wait is left: the line moves as fast as it was told to. */
export function placeAfter(queue: Queue, left_ms: number): number {
  return Math.max(1, Math.min(queue.place, Math.ceil((queue.place * left_ms) / Math.max(1, queue.wait_ms))));
}
