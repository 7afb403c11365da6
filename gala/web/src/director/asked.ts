/** The questions between a key and its cue: what each asks about, when it is overtaken, and the cue it becomes. Pure. */
import type { CuePost } from "../protocol.gen.ts";
import { act, type CuePlace, type Desk, type Draw, place, type Round, type Segment, type Window } from "./desk.ts";
import { cutOff, DOUBLE } from "./press.ts";
import { typedFor } from "./readiness.ts";
import { whyFixed } from "./retime.ts";
import { upcoming } from "./order.ts";
import { tenths, timeOfDay } from "./times.ts";
import { delayAt } from "./tuning.ts";

export type Sheet =
  | { is: "settle"; at: CuePlace; round: Round }
  | { is: "reveal"; at: CuePlace; windows: Window[] }
  | { is: "override"; at: CuePlace; windows: Window[] }
  | { is: "revive" }
  | { is: "skip"; segment: Segment }
  | { is: "void"; round: Round }
  | { is: "void_draw"; draw: Draw }
  | { is: "multiply"; round: Round }
  | { is: "retime"; at: CuePlace }
  /** `first` is proposed; `order` is what was to come when it was asked. */
  | { is: "swap"; first: string; order: string }
  | { is: "tune"; channel: string; delay_ms: number }
  | { is: "kill" }
  /** `from`: the console that has the call; "": none. */
  | { is: "call"; from: string }
  | { is: "keys" };

/** What a person answered. */
export interface Said {
  outcome?: string;
  reason?: string;
  /** What was typed to confirm what cannot be undone. */
  typed?: string;
  at_ms?: number;
  /** Of a swap: the two segments. */
  target?: string;
  other?: string;
  delay_ms?: number;
}

/** A cue but for its id; what it does not name is empty. */
export type Act = Pick<CuePost, "cue"> & Partial<Omit<CuePost, "id">>;

export interface Asked {
  /** What it is called on the page. */
  what: string;
  cue: Act;
}

/** The cue that an answered question becomes; null while the answer is not whole. */
export function answered(sheet: Sheet, said: Said, desk: Desk): Asked | null {
  const reason = said.reason?.trim() ?? "";
  switch (sheet.is) {
    case "keys":
      return null;
    case "settle":
      return said.outcome ? fired(sheet.at, { outcome: said.outcome }) : null;
    case "reveal":
      return fired(sheet.at, {});
    case "override":
      return reason ? fired(sheet.at, { reason }) : null;
    case "revive":
      return { what: "Resume", cue: { cue: "resume" } };
    case "kill":
      return reason ? { what: "Kill switch", cue: { cue: "kill", reason } } : null;
    case "call":
      return { what: "Take the call", cue: { cue: "call", expect: { caller: sheet.from } } };
    case "skip":
      return {
        what: `Skip ${sheet.segment.label} ${sheet.segment.title}`,
        cue: { cue: "skip", target: sheet.segment.id },
      };
    case "void": {
      // The generation of now: a hold in the meantime changes it, and nothing that voiding depends on.
      const { id } = sheet.round;
      const generation = desk.rounds.find((round) => round.id === id)?.generation;
      return reason
        ? { what: "Void the round", cue: { cue: "void", target: id, reason, expect: { round: id, generation } } }
        : null;
    }
    case "void_draw": {
      const { draw } = sheet.draw;
      if (!reason || said.typed?.trim().toUpperCase() !== typedFor(sheet.draw)) return null;
      return { what: `Void draw ${draw}`, cue: { cue: "void_draw", draw, reason } };
    }
    case "multiply": {
      const { id } = sheet.round;
      return { what: "×2 for 60 s", cue: { cue: "multiply", target: id, expect: { round: id }, ...DOUBLE } };
    }
    case "retime": {
      const { cue } = sheet.at;
      if (said.at_ms === undefined || (cue.by === "at" && !reason)) return null;
      return {
        what: `${cue.label} to ${timeOfDay(said.at_ms, desk.zone)}`,
        cue: { cue: "retime", target: cue.id, at_ms: said.at_ms, reason, expect: { version: desk.version } },
      };
    }
    case "swap": {
      const [one, other] = [said.target, said.other].map((id) => desk.segments.find((s) => s.id === id));
      if (!one || !other || ((one.absolute || other.absolute) && !reason)) return null;
      return {
        what: `Swap ${one.label} with ${other.label}`,
        cue: { cue: "swap", target: one.id, other: other.id, reason, expect: { version: desk.version } },
      };
    }
    case "tune":
      if (said.delay_ms === undefined) return null;
      return {
        what: `${channelName(desk, sheet.channel)} to ${tenths(said.delay_ms)}`,
        cue: { cue: "delay", target: sheet.channel, delay_ms: said.delay_ms },
      };
  }
}

/** GO for a cue that must still stand by. */
export function fired({ cue }: CuePlace, more: Partial<CuePost>): Asked {
  return { what: `${cue.label} ${act(cue)}`, cue: { cue: "go", expect: { standby: cue.id }, ...more } };
}

/** Whether what a sheet asks about is no longer so. */
export function overtaken(sheet: Sheet, desk: Desk): boolean {
  switch (sheet.is) {
    case "keys":
      return false;
    case "kill":
      return desk.killed_at_ms > 0;
    case "revive":
      return desk.killed_at_ms === 0;
    case "call":
      return callerOf(desk) !== sheet.from;
    case "skip":
      return desk.segments.find((s) => s.id === sheet.segment.id)?.state !== "waiting";
    case "void":
      return desk.rounds.find((r) => r.id === sheet.round.id)?.state === "void";
    case "void_draw": {
      const now = desk.draws.find((one) => one.draw === sheet.draw.draw);
      return now?.state !== "armed" && now?.state !== "ahead";
    }
    case "multiply": {
      const round = desk.rounds.find((r) => r.id === sheet.round.id);
      return round?.state !== "open" || round.factor_bp > 0 || cutOff(round, desk.now_ms);
    }
    case "retime": {
      const now = place(desk, sheet.at.cue.id);
      return !now || now.cue.due_at_ms !== sheet.at.cue.due_at_ms || whyFixed(desk, now) !== "";
    }
    case "swap":
      return upcoming(desk) !== sheet.order;
    case "tune":
      return delayAt(desk, sheet.channel) !== sheet.delay_ms;
    case "override":
      if (place(desk, sheet.at.cue.id)?.cue.needs !== "reason") return true;
      break;
    case "settle":
    case "reveal":
  }
  return desk.standby !== sheet.at.cue.id || desk.held_at_ms > 0;
}

/** The console that has the call; "": none. */
export function callerOf(desk: Desk): string {
  return desk.caller?.console ?? "";
}

export function channelName(desk: Desk, channel: string): string {
  return desk.channels.find((one) => one.channel === channel)?.name ?? channel;
}
