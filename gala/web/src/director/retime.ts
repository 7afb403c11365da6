/** Moving a timed cue: which may be moved, and the instant that was typed. Pure. */
import { type CuePlace, type Desk, nextTimed, onAir, place } from "./desk.ts";
import { timeOfDay } from "./times.ts";

const DAY_MS = 86_400_000;

/** What T moves: the cue looked at if it is timed, else the next timed one on air, else of the evening. */
export function retimable(desk: Desk, lookedAt: string): CuePlace | null {
  const looked = place(desk, lookedAt);
  if (looked) return looked;
  for (const segment of [onAir(desk), ...desk.segments]) {
    const cue = segment && nextTimed(segment);
    if (segment && cue) return { segment, cue };
  }
  return null;
}

/** Why a cue cannot be moved now; "" if it can. */
export function whyFixed(desk: Desk, { cue }: CuePlace): string {
  if (cue.state === "done") return `${cue.label} was done already.`;
  if (cue.state === "skipped") return `${cue.label} was skipped.`;
  if (cue.by === "go") return `${cue.label} waits for a person: there is no instant to move.`;
  if (cue.due_at_ms === 0) return `${cue.label} follows another cue, which was not done yet.`;
  if (desk.held_at_ms > 0 && cue.by === "after") return "The show is held: resume first.";
  return "";
}

/** Whether a cue is tied to the clock on the wall. */
export function tied(cue: CuePlace["cue"]): boolean {
  return cue.by === "at";
}

/** `tied to midnight`, `tied to 22:15:00`. */
export function tiedWords(cue: CuePlace["cue"], zone: string): string {
  const at = timeOfDay(cue.due_at_ms, zone);
  return `tied to ${at === "00:00:00" ? "midnight" : at}`;
}

/**
 * The instant that was typed: `22:15`, `22:15:30` in the show's zone, on the day that lies nearest to when the cue is
 * due (evenings cross midnight), or `+30`, `-5`, `+1:30` from there. null if it is none.
 */
export function momentFrom(typed: string, dueMs: number, zone: string): number | null {
  const text = typed.trim().replaceAll("−", "-");
  const by = /^([+-])(?:(\d{1,3}):)?(\d{1,4})$/.exec(text);
  if (by) {
    const [, sign, minutes = "0", seconds = "0"] = by;
    return dueMs + (sign === "-" ? -1 : 1) * (Number(minutes) * 60 + Number(seconds)) * 1000;
  }
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!clock) return null;
  const [h = 0, m = 0, s = 0] = clock.slice(1).map((part) => Number(part ?? 0));
  if (h > 23 || m > 59 || s > 59) return null;
  const wanted = ((h * 60 + m) * 60 + s) * 1000;
  const found = dueMs + nearest(wanted - ofDay(dueMs, zone));
  // where the zone's clocks are put forward or back in between
  return found + nearest(wanted - ofDay(found, zone));
}

/** Milliseconds since midnight as the zone's clocks show them. */
function ofDay(atMs: number, zone: string): number {
  const [h = 0, m = 0, s = 0] = timeOfDay(atMs, zone).split(":").map(Number);
  return ((h * 60 + m) * 60 + s) * 1000 + (((atMs % 1000) + 1000) % 1000);
}

/** A difference between times of day as the shortest way there. */
function nearest(ms: number): number {
  const turned = (((ms + DAY_MS / 2) % DAY_MS) + DAY_MS) % DAY_MS;
  return turned - DAY_MS / 2;
}
