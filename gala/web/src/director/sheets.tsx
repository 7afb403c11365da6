/** The questions between a key and what cannot be taken back. Enter confirms, Esc cancels; Space does neither. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Console, Sheet } from "./console.ts";
import { act, type CuePlace, type Desk, type Round, type Segment, type Window } from "./desk.ts";
import { shapeOf } from "../brand/shapes.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { DOUBLE, spoken, times } from "./press.ts";
import { countdown, seconds, timeOfDay } from "./times.ts";
import { Emblem } from "./votes.tsx";

export function Sheets({ console: c, desk }: { console: Console; desk: Desk }) {
  const sheet = c.sheet.value;
  if (!sheet) return null;
  return <Asked key={nameOf(sheet)} console={c} desk={desk} sheet={sheet} />;
}

function nameOf(sheet: Sheet): string {
  return "at" in sheet ? `${sheet.is} ${sheet.at.cue.id}` : sheet.is;
}

function Asked({ console: c, desk, sheet }: { console: Console; desk: Desk; sheet: Sheet }) {
  switch (sheet.is) {
    case "settle":
      return <Settle console={c} at={sheet.at} round={sheet.round} />;
    case "reveal":
      return <Reveal console={c} at={sheet.at} windows={sheet.windows} />;
    case "override":
      return <Override console={c} at={sheet.at} windows={sheet.windows} />;
    case "skip":
      return <Skip console={c} segment={sheet.segment} />;
    case "void":
      return <Void console={c} desk={desk} round={sheet.round} />;
    case "multiply":
      return <Multiply console={c} desk={desk} round={sheet.round} />;
    case "keys":
      return <Keys console={c} />;
  }
}

interface FrameProps {
  console: Console;
  title: string;
  kicker: string;
  icon: IconName;
  children: ComponentChildren;
  /** What Enter does; null while something is missing. A sheet without it only informs. */
  confirm?: (() => void) | null;
  confirmWord?: string;
  kind?: "" | "danger";
  /** Keys of the sheet's own; true when taken. */
  onKey?: (key: string) => boolean;
  asideWord?: string;
}

function Frame({ console: c, title, kicker, icon, children, confirm, confirmWord, kind, onKey, asideWord }: FrameProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // A field, or the heading, but not a button: the Space that opened this sheet must not be able to confirm it.
    (dialog.current?.querySelector<HTMLElement>("[autofocus]") ?? heading.current)?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const off = !confirm || !c.ready.value;
  function keydown(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing) {
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    const onButton = event.target instanceof Element && event.target.closest("button") !== null;
    if (onKey?.(event.key)) event.preventDefault();
    else if (event.key === "Enter" && !onButton) {
      event.preventDefault();
      if (!off) confirm();
    }
  }
  return (
    <dialog
      ref={dialog}
      class={kind ?? ""}
      aria-labelledby="sheet-h"
      onKeyDown={keydown}
      onCancel={(event) => {
        event.preventDefault();
        c.dismiss();
      }}
    >
      <div class="p">
        <p class="row mid kicker">
          <Icon name={icon} />
          {kicker}
        </p>
        <h2 id="sheet-h" tabIndex={-1} ref={heading}>
          {title}
        </h2>
        {children}
      </div>
      <div class="act">
        <button type="button" onClick={() => c.dismiss()}>
          {confirmWord ? "Cancel" : "Close"} <kbd>Esc</kbd>
        </button>
        {asideWord && <span class="dim">{asideWord}</span>}
        {confirmWord && (
          <button
            type="button"
            class={`yes end ${kind ?? ""}`}
            aria-disabled={off}
            onClick={() => !off && confirm()}
          >
            {confirmWord} <kbd>Enter</kbd>
          </button>
        )}
      </div>
    </dialog>
  );
}

function Point({ icon, children }: { icon: IconName; children: ComponentChildren }) {
  return (
    <li>
      <Icon name={icon} />
      <span>{children}</span>
    </li>
  );
}

function Settle({ console: c, at, round }: { console: Console; at: CuePlace; round: Round }) {
  const [chosen, choose] = useState("");
  const label = round.choices.find((choice) => choice.id === chosen)?.label ?? "";
  function onKey(key: string): boolean {
    const choice = /^[1-9]$/.test(key) ? round.choices[Number(key) - 1] : undefined;
    if (choice) choose(choice.id);
    return choice !== undefined;
  }
  return (
    <Frame
      console={c}
      title={`${at.segment.title}: what did the stage decide?`}
      kicker={`${at.cue.label} settle. The live numbers are hidden until you have chosen.`}
      icon="seal"
      confirm={chosen ? () => c.confirm({ outcome: chosen }) : null}
      confirmWord={label ? `Settle: ${label}` : "Choose first"}
      onKey={onKey}
    >
      <fieldset class="choices">
        <legend class="sr">Outcome</legend>
        {round.choices.map((choice, i) => (
          <label key={choice.id} class={choice.id === chosen ? "on" : ""}>
            <input
              type="radio"
              name="outcome"
              value={choice.id}
              checked={choice.id === chosen}
              onChange={() => choose(choice.id)}
            />
            {i < 9 && <kbd>{i + 1}</kbd>}
            <Emblem shape={shapeOf(choice.shape, i)} />
            <b>{choice.label}</b>
          </label>
        ))}
      </fieldset>
      <ul>
        <Point icon="lock">Kept secret until the reveal: no phone learns it from this.</Point>
        <Point icon="warn">Until the reveal it can be settled again; after it only void and re-run is left.</Point>
      </ul>
    </Frame>
  );
}

function Reveal({ console: c, at, windows }: { console: Console; at: CuePlace; windows: Window[] }) {
  const first = windows[0];
  const last = windows[windows.length - 1];
  const to = windows.length > 0 ? ` to ${spoken(windows.length, "channel")}` : "";
  return (
    <Frame
      console={c}
      title={`${act(at.cue)}${to}?`}
      kicker={`${at.cue.label} ${at.segment.title}`}
      icon="people"
      confirm={() => c.confirm({})}
      confirmWord={at.cue.do === "announce" ? "Announce" : "Reveal"}
    >
      <ul>
        {first && last && first !== last && (
          <Point icon="clock">
            <b>{first.name}</b> sees it {first.delay_ms > 0 ? `${seconds(first.delay_ms)} from now` : "at once"},{" "}
            <b>{last.name}</b> {seconds(last.delay_ms)} from now; nothing leaks before.
          </Point>
        )}
        <Point icon="warn">What a phone has shown cannot be taken back.</Point>
      </ul>
    </Frame>
  );
}

function Override({ console: c, at, windows }: { console: Console; at: CuePlace; windows: Window[] }) {
  return (
    <Frame
      console={c}
      title={`GO though ${spoken(windows.length, "channel")} cannot play?`}
      kicker={`${at.cue.label} ${at.segment.title}`}
      icon="barred"
      kind="danger"
      confirm={() => c.confirm({})}
      confirmWord="Open anyway"
      asideWord="The override is logged."
    >
      <ul>
        {windows.map((w) => (
          <Point icon="barred" key={w.channel}>
            <b>{w.name}</b> would see {seconds(w.visible_ms)}.
          </Point>
        ))}
      </ul>
    </Frame>
  );
}

function Skip({ console: c, segment }: { console: Console; segment: Segment }) {
  return (
    <Frame
      console={c}
      title={`Skip ${segment.label} ${segment.title}?`}
      kicker="This segment will not go on air."
      icon="skip"
      kind="danger"
      confirm={() => c.confirm({})}
      confirmWord="Skip it"
    >
      <ul>
        <Point icon="list">
          {segment.cues.length === 1 ? "Its cue is" : `Its ${segment.cues.length} cues are`} skipped, and the expected end
          moves.
        </Point>
        <Point icon="ticket">Prizes of a skipped draw return to the budget.</Point>
      </ul>
    </Frame>
  );
}

function Void({ console: c, desk, round }: { console: Console; desk: Desk; round: Round }) {
  const [reason, write] = useState("");
  const said = reason.trim();
  const segment = desk.segments.find((s) => s.id === round.segment);
  return (
    <Frame
      console={c}
      title={`Void the round of ${segment?.title ?? round.segment}?`}
      kicker="Nothing of it will count, and this cannot be undone."
      icon="barred"
      kind="danger"
      confirm={said ? () => c.confirm({ reason: said }) : null}
      confirmWord={said ? "Void the round" : "Give a reason first"}
      asideWord="The reason is logged."
    >
      <label class="reason">
        <span>Why? Whoever audits the evening will read this.</span>
        <input
          type="text"
          autofocus
          maxLength={200}
          value={reason}
          onInput={(event) => write(event.currentTarget.value)}
          autocomplete="off"
        />
      </label>
    </Frame>
  );
}

function Multiply({ console: c, desk, round }: { console: Console; desk: Desk; round: Round }) {
  const now = c.now.value;
  const untilCutMs = round.cut_at_ms - now;
  const slowest = [...round.windows].sort((a, b) => b.delay_ms - a.delay_ms)[0];
  const segment = desk.segments.find((s) => s.id === round.segment);
  return (
    <Frame
      console={c}
      title={`${times(DOUBLE.factor_bp)} for ${seconds(DOUBLE.ms)}: ${segment?.title ?? round.segment}?`}
      kicker="A multiplier minute, from the moment you confirm."
      icon="flag"
      confirm={() => c.confirm({})}
      confirmWord={`${times(DOUBLE.factor_bp)} now`}
      asideWord="It is logged."
    >
      <ul>
        <Point icon="people">
          Every tap that arrives until <b>{timeOfDay(now + DOUBLE.ms, desk.zone)}</b> gives two points in place of one, for
          every star alike. Taps counted before keep their worth.
        </Point>
        {round.cut_at_ms > 0 && (
          <Point icon="clock">
            {untilCutMs < DOUBLE.ms ? (
              <>
                The stage is cut off in <b>{countdown(untilCutMs)}</b>, before the minute is over: what comes later counts for
                the viewers only.
              </>
            ) : (
              <>
                The stage is cut off in <b>{countdown(untilCutMs)}</b>, after the minute.
              </>
            )}
          </Point>
        )}
        {slowest && slowest.delay_ms > 0 && (
          <Point icon="warn">
            <b>{slowest.name}</b> sees it {seconds(slowest.delay_ms)} from now and has{" "}
            {seconds(Math.max(0, DOUBLE.ms - slowest.delay_ms))} of it: say it on air at once.
          </Point>
        )}
        <Point icon="barred">Once begun it cannot be taken back; a second one can follow it.</Point>
      </ul>
    </Frame>
  );
}

const ALL_KEYS: [string, string][] = [
  ["Space", "GO: fires the cue on standby. While held: resume"],
  ["S", "Standby: arms the cue you look at, or the next one when none is armed"],
  ["H", "Hold: stops what has not happened yet, an open round's lock included"],
  ["R", "Reveal or announce, if that is on standby; asks first"],
  ["K", "Skip the segment you look at, or the next one; asks first"],
  ["V", "Void the newest round; asks for the reason"],
  ["M", "×2 for 60 seconds on an open boost; asks first"],
  ["↑ ↓", "Look ahead, cue by cue; nothing is sent"],
  ["Esc", "Back: closes a question, a notice, or looking ahead"],
  ["1 … 9", "In a settle: choose the outcome; Enter confirms"],
  ["?", "This list"],
];

function Keys({ console: c }: { console: Console }) {
  return (
    <Frame console={c} title="All keys" kicker="A held key acts once. Keys rest while a question is open." icon="list">
      <dl class="allkeys">
        {ALL_KEYS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Frame>
  );
}
