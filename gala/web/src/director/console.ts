/**
 * The console between its line and its views: signals the views read, and the acts keys and buttons ask for. It decides
 * nothing about the show: it sends one cue at a time and shows what came back.
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type * as wire from "../protocol.gen.ts";
import type { Link } from "../wire/connection.ts";
import type { Answer } from "./calls.ts";
import { type Act, type Asked, answered, callerOf, fired, overtaken, type Said, type Sheet } from "./asked.ts";
import { act, type Caller, type CuePlace, type Desk, newestFirst, place, skippable, supersedes } from "./desk.ts";
import { proposed, upcoming } from "./order.ts";
import { armable, doublable, EXTENDS, extendable, go, type Key, lookFrom } from "./press.ts";
import { voidable } from "./readiness.ts";
import { retimable, whyFixed } from "./retime.ts";
import { seconds, timeOfDay } from "./times.ts";
import { clapStep } from "./tuning.ts";
import { awayWords, crossed, inWords, staleNotice, standbyNow, takenWords } from "./words.ts";

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
  /** What this console is called. */
  console: string;
}

export interface Console {
  desk: ReadonlySignal<Desk | null>;
  link: ReadonlySignal<Link>;
  pending: ReadonlySignal<Pending | null>;
  /** The kill switch on its way, whatever else is. */
  killing: ReadonlySignal<Pending | null>;
  notice: ReadonlySignal<Notice | null>;
  sheet: ReadonlySignal<Sheet | null>;
  /** Id of the cue looked at ahead of the show; "" follows the show. */
  look: ReadonlySignal<string>;
  /** Gala time, milliseconds UTC. */
  now: ReadonlySignal<number>;
  /** Real milliseconds since the last desk. */
  age: ReadonlySignal<number>;
  /** Who has the call, if that is another console: this one watches. */
  watching: ReadonlySignal<Caller | null>;
  /** Whether this console can take the call now. */
  callable: ReadonlySignal<boolean>;
  /** Whether a press can reach the service and move the show: a line, no other press on its way, nobody else's call. */
  ready: ReadonlySignal<boolean>;
  /** Whether the kill switch can reach the service, whatever else is on its way. */
  killable: ReadonlySignal<boolean>;
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
  /** Opens a question, if a press could reach the service. */
  ask(sheet: Sheet): void;
  /** Moves the open round's lock by so much, pressed at `atMs` (real milliseconds of this page). */
  extend(ms: number, atMs: number): void;
  confirm(said: Said): void;
  dismiss(): void;
}

/**
 * A cue must have stood on standby so long before GO means it, real milliseconds: longer than a double click and than
 * an eye needs. Else the second of two quick presses, or one that crosses another console's, fires the next cue unread.
 */
export const READ_MS = 500;

/** What a cue does not name. */
const EMPTY = { expect: {}, target: "", outcome: "", reason: "", factor_bp: 0, ms: 0, other: "", at_ms: 0, draw: 0, party: "", commitment: "", r: "", signature: "" };

export function openConsole(sends: Sends, startedMs: number): Console {
  const desk = signal<Desk | null>(null);
  const heardAtMs = signal(startedMs);
  const atMs = signal(startedMs);
  const link = signal<Link>({ state: "joining", reason: "", tries: 0, next_at_ms: 0, queue: null });
  const pending = signal<Pending | null>(null);
  const killing = signal<Pending | null>(null);
  const notice: Signal<Notice | null> = signal(null);
  const sheet: Signal<Sheet | null> = signal(null);
  const look = signal("");
  const turnedAway = signal("");
  const standbySinceMs = signal(startedMs);
  let before: Desk | null = null; // the desk as it was until standby changed; written by `show` alone
  let goneAtMs = -Infinity; // the newest GO that was heeded; written by `press` alone
  let movedAtMs = -Infinity; // the newest press that moved a lock; written by `extend` alone
  let clapSinceMs = startedMs; // since when A means what it means; written by `show` alone
  const now = computed(() => {
    const shown = desk.value;
    return shown ? Math.floor(shown.now_ms + shown.rate * (atMs.value - heardAtMs.value)) : 0;
  });
  const watching = computed(() => {
    const caller = desk.value?.caller ?? null;
    return caller && caller.console !== sends.console ? caller : null;
  });
  const free = computed(() => link.value.state === "up" && desk.value !== null && pending.value === null);
  const ready = computed(() => free.value && !watching.value);
  const callable = computed(() => free.value && desk.value !== null && callerOf(desk.value) !== sends.console);
  const killable = computed(() => {
    const shown = desk.value;
    return link.value.state === "up" && shown !== null && shown.killed_at_ms === 0 && killing.value === null;
  });

  function show(next: Desk, from: "link" | "reply", receivedMs: number): void {
    if (!supersedes(next, desk.value, from)) return;
    // What was looked at has been done or skipped: follow the show again.
    if (desk.value && place(next, look.value)?.cue.state !== place(desk.value, look.value)?.cue.state) look.value = "";
    const last = desk.value;
    if (
      next.standby !== last?.standby ||
      next.held_at_ms !== last.held_at_ms ||
      next.killed_at_ms !== last.killed_at_ms
    ) {
      before = last;
      standbySinceMs.value = receivedMs;
    }
    if (next.clap?.asked_at_ms !== last?.clap?.asked_at_ms) clapSinceMs = receivedMs;
    desk.value = next;
    heardAtMs.value = receivedMs;
    atMs.value = Math.max(atMs.value, receivedMs);
    const asked = sheet.value;
    if (asked && watching.value && !["call", "kill", "keys"].includes(asked.is)) {
      sheet.value = null;
      notice.value = {
        is: "stale",
        title: `${takenWords(watching.value, next.zone)} You are watching.`,
        lines: ["It happened while you were asked. Nothing was sent."],
      };
    } else if (asked && overtaken(asked, next)) {
      sheet.value = null;
      notice.value = {
        is: "stale",
        title: "The show moved on while you were asked. Nothing was sent.",
        lines: [standbyNow(next)],
      };
    }
  }

  function send({ what, cue }: Asked, way: Signal<Pending | null> = pending): void {
    const shown = desk.value;
    if (!shown || way.value) return;
    if (link.value.state !== "up") {
      hint("No link: nothing was sent.");
      return;
    }
    notice.value = null;
    way.value = { what, attempt: 1 };
    const told = (attempt: number): void => {
      way.value = { what, attempt };
    };
    void sends.call({ id: sends.id(), console: sends.console, ...EMPTY, ...cue }, told).then((answer) => {
      way.value = null;
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

  function fire(at: CuePlace): void {
    look.value = "";
    send(fired(at, {}));
  }

  function pressGo(shown: Desk, pressedAtMs: number): void {
    if (pressedAtMs - goneAtMs < READ_MS) return; // the second of a double click
    if (pressedAtMs - standbySinceMs.value < READ_MS) {
      if (before) notice.value = crossed(before, shown);
      return;
    }
    goneAtMs = pressedAtMs;
    const means = go(shown);
    if (means.is === "resume") send({ what: "Resume", cue: { cue: "resume" } });
    else if (means.is === "nothing") hint(means.why);
    else if (means.is === "fire") fire(means.at);
    else sheet.value = means;
  }

  function pressReveal(shown: Desk): void {
    const means = go(shown);
    const at = place(shown, shown.standby);
    if (means.is === "reveal") sheet.value = means;
    else if (means.is === "resume" || means.is === "revive") hint("The show is held: resume first.");
    else if (means.is === "nothing") hint(means.why);
    else hint(at ? `On standby is ${at.cue.label} ${act(at.cue)}, not a reveal.` : "No cue is on standby.");
  }

  function pressStandby(shown: Desk): void {
    const cue = armable(shown, look.value);
    if (!cue) {
      hint(shown.standby ? "Choose a cue ahead with ↑ ↓, then S puts it on standby." : "No cue is left to put on standby.");
      return;
    }
    look.value = "";
    send({ what: `Standby ${cue.label}`, cue: { cue: "standby", target: cue.id, expect: { standby: shown.standby } } });
  }

  function pressKill(shown: Desk): void {
    if (shown.killed_at_ms > 0) hint(`The kill switch is on since ${timeOfDay(shown.killed_at_ms, shown.zone)}: RESUME ends it.`);
    else if (link.value.state !== "up") hint("No link: the kill switch does nothing until it is back.");
    else if (killable.value) sheet.value = { is: "kill" };
  }

  function pressCall(shown: Desk): void {
    if (link.value.state !== "up") hint("No link: the call cannot be taken until it is back.");
    else if (callable.value) sheet.value = { is: "call", from: callerOf(shown) };
    else if (pending.value === null) hint("This console has the call.");
  }

  function pressRetime(shown: Desk): void {
    const at = retimable(shown, look.value);
    const why = at ? whyFixed(shown, at) : "No timed cue is on its way: choose one ahead with ↑ ↓.";
    if (at && !why) sheet.value = { is: "retime", at };
    else hint(why);
  }

  function pressSwap(shown: Desk): void {
    const pair = proposed(shown, look.value);
    if (pair) sheet.value = { is: "swap", first: pair[0].id, order: upcoming(shown) };
    else hint("Fewer than two segments are still to come.");
  }

  function pressTune(shown: Desk): void {
    // the slowest is the one most likely to have drifted
    const first = [...shown.channels].sort((a, b) => b.delay_ms - a.delay_ms)[0];
    if (first) sheet.value = { is: "tune", channel: first.channel, delay_ms: first.delay_ms };
    else hint("The rundown has no channels.");
  }

  function pressClap(shown: Desk, pressedAtMs: number): void {
    const step = clapStep(shown);
    if (step === "clap" && pressedAtMs - clapSinceMs < READ_MS) return; // the second of a double click
    send({ what: step === "clap" ? "Clap" : "Ask for the clap", cue: { cue: step } });
  }

  function extend(ms: number, pressedAtMs: number): void {
    const shown = desk.value;
    if (!shown || !ready.value || pressedAtMs - movedAtMs < READ_MS) return;
    const means = extendable(shown, now.value, ms);
    if (means.is === "nothing") {
      hint(means.why);
      return;
    }
    movedAtMs = pressedAtMs;
    const { id, generation } = means.round;
    const cue: Act = { cue: "extend", target: id, ms, expect: { round: id, generation } };
    send({ what: `Lock ${seconds(Math.abs(ms))} ${ms > 0 ? "later" : "earlier"}`, cue });
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
    if (key === "kill") {
      pressKill(shown);
      return;
    }
    if (key === "call") {
      pressCall(shown);
      return;
    }
    if (!ready.value) {
      if (link.value.state !== "up") hint("No link: the keys do nothing until it is back.");
      else if (watching.value) hint(`${takenWords(watching.value, shown.zone)} You are watching: B takes it.`);
      return;
    }
    if (key === "go") pressGo(shown, pressedAtMs);
    else if (key === "reveal") pressReveal(shown);
    else if (key === "standby") pressStandby(shown);
    else if (key === "hold") {
      if (shown.phase === "ended") hint("The show has ended.");
      else if (shown.held_at_ms > 0) hint("Already held. Space resumes.");
      else send({ what: "Hold", cue: { cue: "hold" } });
    } else if (key === "skip") {
      const segment = skippable(shown, place(shown, look.value)?.segment.id ?? "");
      if (segment) sheet.value = { is: "skip", segment };
      else hint("No segment is left to skip.");
    } else if (key === "void") {
      const round = newestFirst(shown.rounds).find((one) => one.state !== "void");
      if (round) sheet.value = { is: "void", round };
      else hint("There is no round to void.");
    } else if (key === "void_draw") {
      const draw = voidable(shown);
      if (draw) sheet.value = { is: "void_draw", draw };
      else hint("There is no draw to void: once its reveals are closed, the beacon decides.");
    } else if (key === "multiply") {
      const means = doublable(shown, now.value);
      if (means.is === "multiply") sheet.value = means;
      else hint(means.why);
    } else if (key === "earlier" || key === "later") extend(key === "later" ? EXTENDS[1] : EXTENDS[0], pressedAtMs);
    else if (key === "retime") pressRetime(shown);
    else if (key === "swap") pressSwap(shown);
    else if (key === "tune") pressTune(shown);
    else pressClap(shown, pressedAtMs);
  }

  function confirm(said: Said): void {
    const asked = sheet.value;
    const shown = desk.value;
    if (!asked || !shown) return;
    if (!mayAsk(asked)) return;
    const found = answered(asked, said, shown);
    if (!found) return;
    sheet.value = null;
    if (found.cue.cue === "go") look.value = "";
    send(found, asked.is === "kill" ? killing : pending);
  }

  function mayAsk({ is }: Sheet): boolean {
    if (is === "call") return callable.value;
    return is === "kill" ? killable.value : ready.value;
  }

  return {
    desk,
    link,
    pending,
    killing,
    notice,
    sheet,
    look,
    now,
    age: computed(() => Math.max(0, atMs.value - heardAtMs.value)),
    watching,
    callable,
    ready,
    killable,
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
    ask(question) {
      if (mayAsk(question)) sheet.value = question;
    },
    extend,
    confirm,
    dismiss() {
      if (sheet.value) sheet.value = null;
      else notice.value = null;
    },
  };
}
