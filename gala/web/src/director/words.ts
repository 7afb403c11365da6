/** What the console says: why something was refused, what changed and by whom. */
import { type AsRun, act, type Caller, type Desk, place, runningAt, who } from "./desk.ts";
import type { Notice } from "./console.ts";
import { elapsed, timeOfDay } from "./times.ts";

/** What stands by now, in a sentence. */
export function standbyNow(desk: Desk): string {
  const at = place(desk, desk.standby);
  return at ? `Now on standby: ${at.cue.label} ${act(at.cue)}, ${at.segment.title}.` : "Now nothing is on standby.";
}

/** A cue that came too late: what changed since the press, and by whom. */
export function staleNotice(what: string, pressedOn: Desk, desk: Desk): Notice {
  return { is: "stale", title: `“${what}” came too late and did nothing.`, lines: since(pressedOn, desk) };
}

/** GO pressed as standby changed: which of the two was meant, nobody can tell. */
export function crossed(before: Desk, desk: Desk): Notice {
  return { is: "stale", title: "Standby changed as you pressed GO: nothing was sent.", lines: since(before, desk) };
}

/** The newest lines of the as-run that `before` had not seen, and what stands by now. */
function since(before: Desk, desk: Desk): string[] {
  const lines = desk.as_run.filter((line) => line.version > before.version).sort((a, b) => a.version - b.version);
  return [...lines.slice(-4).map((line) => asRunWords(line, desk.zone)), standbyNow(desk)];
}

/** One line of the as-run: what, when, who. */
export function asRunWords(line: AsRun, zone: string): string {
  return `${line.what}, ${timeOfDay(line.at_ms, zone)}, ${who(line.by)}`;
}

const REASONS: Record<string, string> = {
  bad_cue: "the service does not understand this cue.",
  unknown_cue: "the rundown has no such cue.",
  unknown_segment: "the rundown has no such segment.",
  unknown_round: "there is no round that counts.",
  clock: "the clock of this desk's service is off the show's. Use another desk, or start it again.",
  not_standby: "another cue is on standby.",
  already_begun: "the show has begun already.",
  not_begun: "the show has not begun.",
  skipped: "the segment was skipped.",
  not_on_air: "its segment is not on air.",
  round_open: "a round is still open: lock it first.",
  no_open_round: "no round is open.",
  not_locked: "the round is not locked on every page yet.",
  not_settled: "the stage’s outcome is not in yet: settle first.",
  not_sealed: "a round that gives tickets is not sealed yet. It takes a moment: try again.",
  not_drawn: "the draw is not done yet: the beacon or the notary is still to come.",
  unknown_draw: "the rundown has no such draw.",
  unknown_party: "the rundown names no such party.",
  not_committed: "a party has not committed to its secret: the auditor does it with `gala draw commit`.",
  not_frozen: "the roster is not fixed yet.",
  bad_reveal: "the secret does not fit what was committed.",
  bad_outcome: "the round has no such choice.",
  already_done: "it is done already, or too late for it.",
  reason_needed: "it needs a reason.",
  no_multiplier: "this game’s points cannot be multiplied.",
  held: "the show is held.",
  not_held: "the show is not held.",
  killed: "every screen is quiet: resume first.",
  unknown_channel: "the rundown has no such channel.",
  red_window: "a channel could not play at all. GO again asks for a reason.",
  not_timed: "only a person will do it: there is no instant to move.",
  too_soon: "that instant has passed already.",
  absolute: "it is tied to the clock on the wall: moving it needs a reason.",
  started: "it has begun, and stays where it is.",
  draw_first: "a draw would come before a round it draws from.",
  no_end: "the segment that would be the last has no end: the evening could not end.",
  not_asked: "nobody was told to watch for the clap: ask the phones first.",
  not_caller: "another console has the call. B takes it.",
  wrong_role: "this pass may watch the console, not press its keys.",
};

/** Why the show did not allow a cue; a reason this page has not heard of keeps its name. */
export function inWords(reason: string): string {
  return REASONS[reason] ?? `${reason.replaceAll("_", " ") || "no reason was given"}.`;
}

/** `Mei took the call at 20:31:07.` */
export function takenWords(caller: Caller, zone: string): string {
  return `${who(caller.by)} took the call at ${timeOfDay(caller.at_ms, zone)}.`;
}

/** Why a pass does not open this page. */
export function awayWords(reason: string): string {
  if (reason.includes("role")) return "The pass in this tab is not a director’s.";
  return "The pass in this tab has run out, or is not of this show.";
}

/** How long the show has been held at gala time `nowMs`. */
export function heldFor(desk: Desk, nowMs: number): string {
  return elapsed(nowMs - runningAt(desk, nowMs));
}
