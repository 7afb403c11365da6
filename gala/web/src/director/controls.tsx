/** Standby, and the row of keys. Nothing here moves when a notice comes: a hand is on its way to a button. */
import type { ComponentChildren } from "preact";
import type { Console, Notice } from "./console.ts";
import { act, type Desk, place, skippable, who } from "./desk.ts";
import { Icon, type IconName } from "./icons.tsx";
import { KillSwitch } from "./kill.tsx";
import { proposed } from "./order.ts";
import { armable, go, goWords, short } from "./press.ts";
import { seconds, timeOfDay } from "./times.ts";

export function Controls({ console: c, desk }: { console: Console; desk: Desk }) {
  const at = place(desk, desk.standby);
  const held = desk.held_at_ms > 0;
  const means = go(desk);
  const sending = c.pending.value;
  const up = c.link.value.state === "up";
  const watching = c.watching.value;
  const arm = armable(desk, c.look.value);
  const skip = skippable(desk, place(desk, c.look.value)?.segment.id ?? "");
  const pair = proposed(desk, c.look.value);
  const tight = short(desk);
  return (
    <section class={`cue ${up ? "" : "dead"}`} aria-label="Controls">
      <Notices console={c} />
      <div class="nx">
        <span class="sbw">Standby</span>
        <h2>{at ? `${at.cue.label} ${act(at.cue)}` : "nothing"}</h2>
        {tight[0] ? (
          <span class="end when w-t">
            <Icon name="warn" />{" "}
            {tight.length === 1 ? `${tight[0].name} sees ${seconds(tight[0].visible_ms)}` : `${tight.length} channels are short`}
          </span>
        ) : (
          <span class="mid end when">{at ? when(desk) : ""}</span>
        )}
        <KillSwitch console={c} desk={desk} where="beside" />
      </div>
      <div class="keys">
        <Key
          kind={`go ${held ? "res" : ""}`}
          word={sending ? "SENDING" : held ? "RESUME" : "GO"}
          hint="Space"
          off={!c.ready.value || !c.read.value || means.is === "nothing"}
          under={up ? (watching ? `${who(watching.by)} has the call` : sending ? sendingWords(sending) : goWords(desk)) : "no link, nothing is sent"}
          press={(atMs) => c.press("go", atMs)}
        />
        <Key
          kind="sb"
          word="Standby"
          hint="S"
          off={!c.ready.value || !arm}
          under={arm ? `puts ${arm.label} on standby` : at ? `${at.cue.label} is armed` : "choose with ↑ ↓"}
          press={(atMs) => c.press("standby", atMs)}
        />
        <Key
          kind={`hold ${held ? "on" : ""}`}
          word={held ? "Held" : "Hold"}
          hint="H"
          off={!c.ready.value || held || desk.phase === "ended"}
          under={desk.killed_at_ms > 0 ? "by the kill switch" : held ? `since ${timeOfDay(desk.held_at_ms, desk.zone)}` : "stops what is not yet"}
          press={(atMs) => c.press("hold", atMs)}
        />
        <Key
          kind=""
          word="Skip"
          hint="K"
          off={!c.ready.value || !skip}
          under={skip ? `${skip.label} ${skip.title}` : "nothing to skip"}
          press={(atMs) => c.press("skip", atMs)}
        />
        <Key
          kind=""
          word="Swap"
          hint="W"
          off={!c.ready.value || !pair}
          under={pair ? `${pair[0].label} with ${pair[1].label}` : "nothing to swap"}
          press={(atMs) => c.press("swap", atMs)}
        />
      </div>
    </section>
  );
}

function sendingWords(pending: { what: string; attempt: number }): string {
  return pending.attempt > 1 ? `${pending.what}, try ${pending.attempt}` : pending.what;
}

/** What the standby cue waits for. */
function when(desk: Desk): string {
  const at = place(desk, desk.standby);
  if (!at) return "";
  const where = at.segment.id === desk.on_air ? "" : `${at.segment.label} ${at.segment.title}`;
  return at.cue.note || where || "on the word";
}

interface KeyProps {
  kind: string;
  word: string;
  hint: string;
  off: boolean;
  under: string;
  press(atMs: number): void;
}

/** A key stays focusable while it is off, so that the focus is not lost under the hand; the console refuses the press. */
function Key({ kind, word, hint, off, under, press }: KeyProps) {
  return (
    <button type="button" class={`key ${kind} ${off ? "off" : ""}`} aria-disabled={off} onClick={(event) => !off && press(event.timeStamp)}>
      <span class="row">
        {word}
        <kbd class="end">{hint}</kbd>
      </span>
      <small>{under}</small>
    </button>
  );
}

const NOTICE: Record<Notice["is"], IconName> = { stale: "clock", refused: "barred", lost: "warn", hint: "list" };

function Notices({ console: c }: { console: Console }) {
  const notice = c.notice.value;
  return (
    <div class="notices" role="alert">
      {notice && (
        <div class={`notice ${notice.is}`}>
          <Icon name={NOTICE[notice.is]} />
          <div class="grow">
            <p>
              <b>{notice.title}</b>
            </p>
            <Lines lines={notice.lines} />
          </div>
          <button type="button" class="mini" onClick={() => c.dismiss()}>
            Understood
          </button>
        </div>
      )}
    </div>
  );
}

function Lines({ lines }: { lines: string[] }): ComponentChildren {
  if (lines.length === 0) return null;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
