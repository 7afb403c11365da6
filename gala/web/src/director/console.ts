/**
 * The console between its line and its views: signals the views read, and the acts keys and buttons ask for. It decides
 * nothing about the show: it sends one cue at a time and shows what came back.
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type * as wire from "../protocol.gen.ts";
import type { Link } from "../wire/connection.ts";
import type { Answer } from "./calls.ts";
import {
  act,
  type CuePlace,
  type Desk,
  newestFirst,
  place,
  type Round,
  type Segment,
  skippable,
  supersedes,
  type Window,
} from "./desk.ts";
import { armable, cutOff, doublable, DOUBLE, go, type Key, lookFrom } from "./press.ts";
import { awayWords, crossed, inWords, staleNotice, standbyNow } from "./words.ts";

/** A question that stands between a key and the cue. */
export type Sheet =
  | { is: "settle"; at: CuePlace; round: Round }
  | { is: "reveal"; at: CuePlace; windows: Window[] }
  | { is: "override"; at: CuePlace; windows: Window[] }
  | { is: "skip"; segment: Segment }
  | { is: "void"; round: Round }
  | { is: "multiply"; round: Round }
  | { is: "keys" };

export interface Notice {
  is: "stale" | "refused" | "lost" | "hint";
  title: string;
  lines: string[];
}

/** A cue on its way: what it is called on the page, and how often it was sent. */
export interface Pending {
  what: string;
  attempt: number;
}

export interface Sends {
  /** Sends the cue until there is an answer, always with the same id. */
  call(cue: wire.CuePost, tried: (attempt: number) => void): Promise<Answer>;
  /** A new cue id. */
  id(): string;
}

export interface Console {
  desk: ReadonlySignal<Desk | null>;
  link: ReadonlySignal<Link>;
  pending: ReadonlySignal<Pending | null>;
  notice: ReadonlySignal<Notice | null>;
  sheet: ReadonlySignal<Sheet | null>;
  /** Id of the cue looked at ahead of the show; "" follows the show. */
  look: ReadonlySignal<string>;
  /** Gala time, milliseconds UTC. */
  now: ReadonlySignal<number>;
  /** Real milliseconds since the last desk. */
  age: ReadonlySignal<number>;
  /** Whether a press can reach the service: a line, and no other press on its way. */
  ready: ReadonlySignal<boolean>;
  /** Whether what stands by has stood there long enough to be read. */
  read: ReadonlySignal<boolean>;
  /** The pass was refused; why. */
  turnedAway: ReadonlySignal<string>;
  hearLink(link: Link): void;
  hearDesk(desk: Desk, atMs: number): void;
  tick(atMs: number): void;
  /** A key or its button, pressed at `atMs` (real milliseconds of this page). */
  press(key: Key, atMs: number): void;
  lookAt(cueId: string): void;
  askVoid(round: Round): void;
  confirm(answer: { outcome?: string; reason?: string }): void;
  dismiss(): void;
}

/**
 * A cue must have stood on standby so long before GO means it, real milliseconds: longer than a double click and than
 * an eye needs. Else the second of two quick presses, or one that crosses another console's, fires the next cue unread.
 */
export const READ_MS = 500;

export function openConsole(sends: Sends, startedMs: number): Console {
  const desk = signal<Desk | null>(null);
  const heardAtMs = signal(startedMs);
  const atMs = signal(startedMs);
  const link = signal<Link>({ state: "joining", reason: "", tries: 0, next_at_ms: 0 });
  const pending = signal<Pending | null>(null);
  const notice: Signal<Notice | null> = signal(null);
  const sheet: Signal<Sheet | null> = signal(null);
  const look = signal("");
  const turnedAway = signal("");
  const standbySinceMs = signal(startedMs);
  let before: Desk | null = null; // the desk as it was until standby changed; written by `show` alone
  let goneAtMs = -Infinity; // the newest GO that was heeded; written by `press` alone
  const now = computed(() => {
    const shown = desk.value;
    return shown ? Math.floor(shown.now_ms + shown.rate * (atMs.value - heardAtMs.value)) : 0;
  });
  const ready = computed(() => link.value.state === "up" && desk.value !== null && pending.value === null);

  function show(next: Desk, from: "link" | "reply", receivedMs: number): void {
    if (!supersedes(next, desk.value, from)) return;
    // What was looked at has been done or skipped: follow the show again.
    if (desk.value && place(next, look.value)?.cue.state !== place(desk.value, look.value)?.cue.state) look.value = "";
    if (next.standby !== desk.value?.standby || next.held_at_ms !== desk.value.held_at_ms) {
      before = desk.value;
      standbySinceMs.value = receivedMs;
    }
    desk.value = next;
    heardAtMs.value = receivedMs;
    atMs.value = Math.max(atMs.value, receivedMs);
    const asked = sheet.value;
    if (asked && overtaken(asked, next)) {
      sheet.value = null;
      notice.value = {
        is: "stale",
        title: "The show moved on while you were asked. Nothing was sent.",
        lines: [standbyNow(next)],
      };
    }
  }

  function send(what: string, cue: Pick<wire.CuePost, "cue"> & Partial<Omit<wire.CuePost, "id">>): void {
    const shown = desk.value;
    if (!shown || pending.value) return;
    if (link.value.state !== "up") {
      hint("No link: nothing was sent.");
      return;
    }
    notice.value = null;
    pending.value = { what, attempt: 1 };
    const told = (attempt: number): void => {
      pending.value = { what, attempt };
    };
    void sends.call({ id: sends.id(), expect: {}, target: "", outcome: "", reason: "", factor_bp: 0, ms: 0, ...cue }, told).then((answer) => {
      pending.value = null;
      heed(answer, what, shown);
    });
  }

  function heed(answer: Answer, what: string, pressedOn: Desk): void {
    if (answer.kind === "pass") {
      turnedAway.value = awayWords("pass");
      return;
    }
    if (answer.kind === "lost") {
      notice.value = {
        is: "lost",
        title: `No answer to “${what}”.`,
        lines: ["It may have been taken. Read the as-run before you press again."],
      };
      return;
    }
    const told = answer.reply.show;
    if (told) show(told, "reply", performance.now());
    if (answer.kind === "stale") notice.value = staleNotice(what, pressedOn, told ?? desk.value ?? pressedOn);
    if (answer.kind === "refused") {
      notice.value = {
        is: "refused",
        title: `“${what}” was refused: ${inWords(answer.reply.reason)}`,
        lines: answer.reply.detail ? [answer.reply.detail] : [],
      };
    }
  }

  function hint(title: string): void {
    notice.value = { is: "hint", title, lines: [] };
  }

  function fire(at: CuePlace, more: { outcome?: string; reason?: string } = {}): void {
    look.value = "";
    send(`${at.cue.label} ${act(at.cue)}`, { cue: "go", expect: { standby: at.cue.id }, ...more });
  }

  function pressGo(shown: Desk, pressedAtMs: number): void {
    if (pressedAtMs - goneAtMs < READ_MS) return; // the second of a double click
    if (pressedAtMs - standbySinceMs.value < READ_MS) {
      if (before) notice.value = crossed(before, shown);
      return;
    }
    goneAtMs = pressedAtMs;
    const means = go(shown);
    if (means.is === "resume") send("Resume", { cue: "resume" });
    else if (means.is === "nothing") hint(means.why);
    else if (means.is === "fire") fire(means.at);
    else sheet.value = means;
  }

  function pressReveal(shown: Desk): void {
    const means = go(shown);
    const at = place(shown, shown.standby);
    if (means.is === "reveal") sheet.value = means;
    else if (means.is === "resume") hint("The show is held: resume first.");
    else hint(at ? `On standby is ${at.cue.label} ${act(at.cue)}, not a reveal.` : "No cue is on standby.");
  }

  function pressStandby(shown: Desk): void {
    const cue = armable(shown, look.value);
    if (!cue) {
      hint(shown.standby ? "Choose a cue ahead with ↑ ↓, then S puts it on standby." : "No cue is left to put on standby.");
      return;
    }
    look.value = "";
    send(`Standby ${cue.label}`, { cue: "standby", target: cue.id, expect: { standby: shown.standby } });
  }

  function press(key: Key, pressedAtMs: number): void {
    const shown = desk.value;
    if (key === "keys") {
      sheet.value = { is: "keys" };
      return;
    }
    if (!shown) return;
    if (key === "up" || key === "down") {
      look.value = lookFrom(shown, look.value, key === "up" ? -1 : 1);
      return;
    }
    if (key === "back") {
      if (notice.value) notice.value = null;
      else look.value = "";
      return;
    }
    if (!ready.value) {
      if (link.value.state !== "up") hint("No link: the keys do nothing until it is back.");
      return;
    }
    if (key === "go") pressGo(shown, pressedAtMs);
    else if (key === "reveal") pressReveal(shown);
    else if (key === "standby") pressStandby(shown);
    else if (key === "hold") {
      if (shown.phase === "ended") hint("The show has ended.");
      else if (shown.held_at_ms > 0) hint("Already held. Space resumes.");
      else send("Hold", { cue: "hold" });
    } else if (key === "skip") {
      const segment = skippable(shown, place(shown, look.value)?.segment.id ?? "");
      if (segment) sheet.value = { is: "skip", segment };
      else hint("No segment is left to skip.");
    } else if (key === "void") {
      const round = newestFirst(shown.rounds).find((one) => one.state !== "void");
      if (round) sheet.value = { is: "void", round };
      else hint("There is no round to void.");
    } else if (key === "multiply") {
      const means = doublable(shown, now.value);
      if (means.is === "multiply") sheet.value = means;
      else hint(means.why);
    }
  }

  function confirm(answer: { outcome?: string; reason?: string }): void {
    const asked = sheet.value;
    if (!asked || !ready.value) return;
    const reason = answer.reason ?? "";
    if ((asked.is === "settle" && !answer.outcome) || (asked.is === "void" && !reason)) return;
    sheet.value = null;
    if (asked.is === "settle" && answer.outcome) fire(asked.at, { outcome: answer.outcome });
    else if (asked.is === "reveal") fire(asked.at);
    else if (asked.is === "override") {
      fire(asked.at, { reason: `window override: ${asked.windows.map((w) => w.channel).join(", ")}` });
    } else if (asked.is === "skip") {
      send(`Skip ${asked.segment.label} ${asked.segment.title}`, { cue: "skip", target: asked.segment.id });
    } else if (asked.is === "void") {
      // The generation of now: a hold in the meantime changes it, and nothing that voiding depends on.
      const { id } = asked.round;
      const generation = desk.value?.rounds.find((round) => round.id === id)?.generation;
      send("Void the round", { cue: "void", target: id, reason, expect: { round: id, generation } });
    } else if (asked.is === "multiply") {
      const { id } = asked.round;
      send("×2 for 60 s", { cue: "multiply", target: id, expect: { round: id }, ...DOUBLE });
    }
  }

  return {
    desk,
    link,
    pending,
    notice,
    sheet,
    look,
    now,
    age: computed(() => Math.max(0, atMs.value - heardAtMs.value)),
    ready,
    read: computed(() => atMs.value - standbySinceMs.value >= READ_MS),
    turnedAway,
    hearLink(now) {
      link.value = now;
      // Refused for good: no next try is planned.
      if (now.state === "refused" && now.next_at_ms === 0) turnedAway.value = awayWords(now.reason);
    },
    hearDesk(next, receivedMs) {
      show(next, "link", receivedMs);
    },
    tick(ms) {
      atMs.value = ms;
    },
    press,
    lookAt(cueId) {
      look.value = cueId;
    },
    askVoid(round) {
      sheet.value = { is: "void", round };
    },
    confirm,
    dismiss() {
      if (sheet.value) sheet.value = null;
      else notice.value = null;
    },
  };
}

/** Whether what a sheet asks about is no longer so. */
function overtaken(sheet: Sheet, desk: Desk): boolean {
  if (sheet.is === "keys") return false;
  if (sheet.is === "skip") return desk.segments.find((s) => s.id === sheet.segment.id)?.state !== "waiting";
  if (sheet.is === "void") return desk.rounds.find((r) => r.id === sheet.round.id)?.state === "void";
  if (sheet.is === "multiply") {
    const round = desk.rounds.find((r) => r.id === sheet.round.id);
    return round?.state !== "open" || round.factor_bp > 0 || cutOff(round, desk.now_ms);
  }
  return desk.standby !== sheet.at.cue.id || desk.held_at_ms > 0;
}
