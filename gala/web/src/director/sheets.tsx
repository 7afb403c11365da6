/** The questions between a key and what cannot be taken back. Enter confirms, Esc cancels; Space does neither. */
import { useState } from "preact/hooks";
import type { Sheet } from "./asked.ts";
import type { Console } from "./console.ts";
import { act, type CuePlace, type Desk, type Round, type Segment, type Window } from "./desk.ts";
import { shapeOf } from "../brand/shapes.tsx";
import { Frame, Point, Reason } from "./frame.tsx";
import { Kill, Revive } from "./kill.tsx";
import { Retime, Swap } from "./moves.tsx";
import { DOUBLE, spoken, times } from "./press.ts";
import { countdown, seconds, timeOfDay } from "./times.ts";
import { Tune } from "./tune.tsx";
import { TakeCall } from "./take.tsx";
import { VoidDraw } from "./voiddraw.tsx";
import { Emblem } from "./votes.tsx";
import { without } from "./windows.ts";

export function Sheets({ console: c, desk }: { console: Console; desk: Desk }) {
  const sheet = c.sheet.value;
  if (!sheet) return null;
  return <Asked key={nameOf(sheet)} console={c} desk={desk} sheet={sheet} />;
}

function nameOf(sheet: Sheet): string {
  if (sheet.is === "tune") return `tune ${sheet.channel}`;
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
    case "void_draw":
      return <VoidDraw console={c} desk={desk} draw={sheet.draw} />;
    case "multiply":
      return <Multiply console={c} desk={desk} round={sheet.round} />;
    case "revive":
      return <Revive console={c} desk={desk} />;
    case "kill":
      return <Kill console={c} desk={desk} />;
    case "call":
      return <TakeCall console={c} desk={desk} />;
    case "retime":
      return <Retime console={c} desk={desk} at={sheet.at} />;
    case "swap":
      return <Swap console={c} desk={desk} first={sheet.first} />;
    case "tune":
      return <Tune console={c} desk={desk} channel={sheet.channel} />;
    case "keys":
      return <Keys console={c} />;
  }
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
  const [reason, write] = useState("");
  const said = reason.trim();
  return (
    <Frame
      console={c}
      title={`GO though ${spoken(windows.length, "channel")} cannot play?`}
      kicker={`${at.cue.label} ${at.segment.title}`}
      icon="barred"
      kind="danger"
      confirm={said ? () => c.confirm({ reason: said }) : null}
      confirmWord={said ? "GO without it" : "Give a reason first"}
      asideWord="The override is logged."
    >
      <ul>
        {windows.map((w) => (
          <Point icon="barred" key={w.channel}>
            <b>{w.name}</b> {without(w)}
          </Point>
        ))}
      </ul>
      <Reason asks="Why go on? Whoever audits the evening will read this." value={reason} write={write} first />
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
      <Reason asks="Why? Whoever audits the evening will read this." value={reason} write={write} first />
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
  ["W", "Swap two segments that have not begun; shows the new order first"],
  ["T", "Re-time the timed cue you look at, or the next one; asks for the instant"],
  ["+ −", "The open round locks 5 s later, 5 s earlier"],
  ["D", "Tune a channel’s delay; asks for the seconds"],
  ["A", "Ask phones to watch for the clap; then, at the clap, A again"],
  ["V", "Void the newest round; asks for the reason"],
  ["N", "No draw: voids the next one; asks for the reason, and to type its name"],
  ["M", "×2 for 60 seconds on an open boost; asks first"],
  ["↑ ↓", "Look ahead, cue by cue; nothing is sent"],
  ["X", "Kill switch: every screen quiet at once; asks for the reason. Works in every question, too"],
  ["B", "Takes the call to this console, so that the others watch; asks first, and B again or Enter takes it"],
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
