/** What is on air: the big clock, and what each channel sees of its window. */
import type { Console } from "./console.ts";
import {
  act,
  type Desk,
  newestFired,
  nextTimed,
  onAir,
  place,
  type Round,
  roundOf,
  runningAt,
  type Segment,
} from "./desk.ts";
import { Icon } from "./icons.tsx";
import { LockKeys } from "./lock.tsx";
import { cutOff } from "./press.ts";
import { count, countdown, elapsed, seconds, tenths, timeOfDay } from "./times.ts";
import { heldFor } from "./words.ts";
import { advice, axis, picture, SHORT_MS } from "./windows.ts";

export function Now({ console: c, desk }: { console: Console; desk: Desk }) {
  const segment = onAir(desk);
  const now = c.now.value;
  const face = bigClock(desk, now);
  const held = desk.held_at_ms > 0;
  return (
    <section class="now" aria-label="On air">
      <div class="top">
        <span class={`air ${desk.killed_at_ms > 0 ? "killed" : segment ? (held ? "held" : "") : "off"}`}>{airWord(desk, segment)}</span>
        <LockKeys console={c} desk={desk} />
      </div>
      <div>
        <h1>{segment ? `${segment.label} ${segment.title}` : desk.name}</h1>
        <p class="mid line">{segment ? nowLine(desk, segment, runningAt(desk, now)) : offLine(desk)}</p>
      </div>
      <div class="face">
        <p class="t">{face.digits}</p>
        <p class="tl">{held ? `${face.words}, stopped ${heldFor(desk, now)}` : face.words}</p>
      </div>
    </section>
  );
}

function airWord(desk: Desk, segment: Segment | null): string {
  if (desk.killed_at_ms > 0) return `KILLED, SCREENS QUIET`;
  if (segment) return desk.held_at_ms > 0 ? "ON AIR, HELD" : "ON AIR";
  if (desk.phase === "ended") return "ENDED";
  return desk.phase === "before" ? "BEFORE THE SHOW" : "NOTHING ON AIR";
}

function offLine(desk: Desk): string {
  if (desk.phase === "ended") return "The show has ended. The log and the bundle stand.";
  return desk.standby ? "Phones show the waiting page until GO." : "Put a cue on standby to begin.";
}

function nowLine(desk: Desk, segment: Segment, nowMs: number): string {
  const fired = newestFired(segment);
  const round = roundOf(desk, segment.id);
  const cue = fired ? `Cue ${fired.label}, ${act(fired).toLowerCase()}.` : "No cue fired yet.";
  return round ? `${cue} ${roundWords(round, nowMs)}` : `${cue} ${segment.note}`;
}

/** A round's state in a sentence. */
function roundWords(round: Round, nowMs: number): string {
  switch (round.state) {
    case "open":
      if (cutOff(round, nowMs)) return "The stage is cut off: taps count for the viewers until the lock.";
      if (round.cut_at_ms > 0) return "Taps count for the stage until the cut.";
      return round.closes_at_ms > 0 ? "Plays are counted until the lock." : "Plays are counted until you lock.";
    case "locking":
      return round.pages > 0
        ? `Locking: ${count(round.pages_locked)} of ${count(round.pages)} gates are shut. ${afterShut(round)}`
        : "Locking: not every page has confirmed yet.";
    case "locked":
      return "Locked: every gate is shut, nothing more is counted.";
    case "settled":
      return "Settled, and secret until the reveal.";
    case "revealed":
      return "Revealed, on each channel after its delay.";
    case "void":
      return "Void: nothing of it counts.";
  }
}

/** What a round that is locking waits for. */
function afterShut(round: Round): string {
  return round.timing === "appear" ? "The slowest channel plays on." : "Nothing is settled or revealed before all are.";
}

interface Face {
  digits: string;
  words: string;
}

/** The one clock that matters now. */
function bigClock(desk: Desk, nowMs: number): Face {
  const now = runningAt(desk, nowMs);
  const segment = onAir(desk);
  if (!segment) {
    if (desk.phase === "ended") return { digits: timeOfDay(nowMs, desk.zone).slice(0, 5), words: desk.zone };
    const ended = Math.max(...desk.segments.map((one) => one.ended_at_ms), 0);
    if (ended > 0) return { digits: elapsed(now - ended), words: "since the last segment ended" };
    const first = desk.segments[0]?.plan_at_ms ?? 0;
    if (first > now) return { digits: countdown(first - now), words: "to the first segment" };
    return { digits: elapsed(now - first), words: "late: the show has not begun" };
  }
  const round = roundOf(desk, segment.id);
  if (round?.state === "open" && round.cut_at_ms > now) {
    return { digits: countdown(round.cut_at_ms - now), words: "to the cut, for the stage" };
  }
  if (round?.state === "open" && round.closes_at_ms > 0) {
    return { digits: countdown(round.closes_at_ms - now), words: "to lock, for everyone" };
  }
  if (round?.state === "open") return { digits: elapsed(now - round.opened_at_ms), words: "open, until you lock" };
  if (round?.state === "locking") return { digits: elapsed(now - round.closes_at_ms), words: "since the lock" };
  const timed = nextTimed(segment);
  if (timed) return { digits: countdown(timed.due_at_ms - now), words: `to ${timed.label} ${act(timed).toLowerCase()}` };
  if (round?.state === "locked" && round.closes_at_ms > 0) {
    return { digits: elapsed(now - round.closes_at_ms), words: "since the lock, the outcome waits" };
  }
  return { digits: elapsed(now - segment.started_at_ms), words: `on air, planned ${elapsed(segment.plan_ms)}` };
}

export function Windows({ console: c, desk }: { console: Console; desk: Desk }) {
  const shown = picture(desk, place(desk, c.look.value)?.segment ?? null);
  if (!shown) return null;
  const now = runningAt(desk, c.now.value);
  const at = axis(shown, now);
  const clock = (ms: number) => (shown.planned ? `+${elapsed(ms)}` : timeOfDay(ms, desk.zone));
  return (
    <section class="plan" aria-labelledby="windows-h">
      <div class="row">
        <h2 id="windows-h">
          {shown.planned ? "What each channel would see, as planned" : "What each channel sees of this window"}
        </h2>
        <span class="dim end xs">under {SHORT_MS / 1000} s yellow, 0 or less red</span>
      </div>
      <ul>
        {at.bars.map(({ window, from, width }) => (
          <li class="ch" key={window.channel}>
            <span class="nm">
              {window.name} <small>+{tenths(window.delay_ms)}</small>
            </span>
            <div class="tr" aria-hidden="true">
              <i class={`w ${LEVEL[window.level]}`} style={{ insetInlineStart: `${from}%`, inlineSize: `${width}%` }} />
              {at.now !== null && <i class="vl now-l" style={{ insetInlineStart: `${at.now}%` }} />}
              {at.lock !== null && <i class="vl" style={{ insetInlineStart: `${at.lock}%` }} />}
            </div>
            <span class={`m ${LEVEL[window.level]}`}>
              <Icon name={ICON[window.level]} />
              {window.level === "watch" ? "watches only" : shown.lockMs > 0 ? seconds(window.visible_ms) : "open"}
              {window.level === "yellow" && <span class="lg">, short</span>}
              {window.level === "red" && <span class="lg">, cannot play</span>}
            </span>
          </li>
        ))}
      </ul>
      <div class="axis" aria-hidden="true">
        <i />
        <div class="tr">
          <span style={{ insetInlineStart: `${at.open}%` }}>
            open
            <br />
            {clock(shown.openMs)}
          </span>
          {at.now !== null && apart(at.now, at.open, at.lock) && (
            <span class="n" style={{ insetInlineStart: `${at.now}%` }}>
              <b>now</b>
              <br />
              {clock(now)}
            </span>
          )}
          {at.lock !== null && (
            <span class="l" style={{ insetInlineStart: `${at.lock}%` }}>
              <b>lock</b>
              <br />
              {clock(shown.lockMs)}
            </span>
          )}
        </div>
        <i />
      </div>
      {advice(shown.windows)
        .slice(0, 2)
        .map((a) => (
          <p class={`advice ${a.level}`} key={a.who}>
            <Icon name={a.level === "red" ? "barred" : "warn"} />
            <span>
              <b>{a.who}</b> {a.what}
            </span>
          </p>
        ))}
    </section>
  );
}

const LEVEL = { ok: "ok", yellow: "y", red: "r", watch: "eye" } as const;
const ICON = { ok: "check", yellow: "warn", red: "barred", watch: "eye" } as const;

/** Whether the word `now` has room between its neighbours; the line itself is always drawn. */
function apart(now: number, open: number, lock: number | null): boolean {
  const room = 17;
  return Math.abs(now - open) > room && (lock === null || Math.abs(now - lock) > room);
}
