/** The kill switch under its cover, what it asks, and the way back. */
import { useState } from "preact/hooks";
import type { Console } from "./console.ts";
import type { Desk } from "./desk.ts";
import { Frame, Point, Reason } from "./frame.tsx";
import { Icon } from "./icons.tsx";
import { elapsed, timeOfDay } from "./times.ts";

/** What it is mostly for; a number key is faster than typing. */
const PICKS = [
  "Danger in the hall",
  "Something wrong on the screens",
  "The service does not work as it should",
  "The broadcaster asked for it",
];

/** The switch itself. `where` it stands: in its column, or beside the keys where there is no room for columns. */
export function KillSwitch({ console: c, desk, where }: { console: Console; desk: Desk; where: "column" | "beside" }) {
  const on = desk.killed_at_ms > 0;
  const sending = c.killing.value !== null;
  return (
    <section class={`cover ${where} ${on ? "on" : ""}`} aria-label="Kill switch">
      <div>
        <b>{on ? `Killed at ${timeOfDay(desk.killed_at_ms, desk.zone)}` : "Kill switch"}</b>
        <p class="mid">{on ? "Every screen is quiet. RESUME ends it." : "Every phone and overlay quiet at once; open rounds close."}</p>
      </div>
      <button
        type="button"
        aria-label={on ? "Kill switch: on" : "Kill switch, asks for the reason"}
        aria-disabled={!c.killable.value}
        onClick={(event) => c.press("kill", event.timeStamp)}
      >
        <span>
          <Icon name="power" /> {sending ? "SENDING" : on ? "ON" : "KILL…"}
        </span>
        {!on && <kbd>X</kbd>}
      </button>
    </section>
  );
}

export function Kill({ console: c, desk }: { console: Console; desk: Desk }) {
  const [pick, choose] = useState("");
  const [other, write] = useState("");
  const said = other.trim() || pick;
  function onKey(key: string, typing: boolean): boolean {
    const found = !typing && /^[1-9]$/.test(key) ? PICKS[Number(key) - 1] : undefined;
    if (found) choose(found);
    return found !== undefined;
  }
  const open = desk.rounds.some((round) => round.state === "open" || round.state === "locking");
  return (
    <Frame
      console={c}
      title="Quiet every screen now?"
      kicker="Kill switch, for all channels at once, whatever their delay."
      icon="power"
      kind="danger kill"
      free={c.killable}
      confirm={said ? () => c.confirm({ reason: said }) : null}
      confirmWord={said ? "KILL NOW" : "Say why first"}
      asideWord="The reason is logged."
      onKey={onKey}
    >
      <fieldset class="choices picks">
        <legend class="sr">Reason</legend>
        {PICKS.map((reason, i) => (
          <label key={reason} class={reason === said ? "on" : ""}>
            <input
              type="radio"
              name="kill-reason"
              checked={reason === said}
              onChange={() => {
                choose(reason);
                write("");
              }}
            />
            <kbd>{i + 1}</kbd>
            <b>{reason}</b>
          </label>
        ))}
      </fieldset>
      <Reason asks="Or in your words:" value={other} write={write} />
      <ul>
        <Point icon="lock">
          {open ? "The open round closes now, on every channel: no later play is counted. " : ""}
          What was counted and won stays.
        </Point>
        <Point icon="clock">The show is held until RESUME; what closed stays closed.</Point>
      </ul>
    </Frame>
  );
}

export function Revive({ console: c, desk }: { console: Console; desk: Desk }) {
  return (
    <Frame
      console={c}
      title="Bring every screen back?"
      kicker={`Killed at ${timeOfDay(desk.killed_at_ms, desk.zone)}, ${elapsed(c.now.value - desk.killed_at_ms)} ago.`}
      icon="power"
      confirm={() => c.confirm({})}
      confirmWord="Resume the show"
    >
      <ul>
        <Point icon="people">Phones and overlays show at once what is on air, each channel after its delay.</Point>
        <Point icon="clock">Clocks and timed cues move on from where they stopped.</Point>
        <Point icon="lock">A round that was closed stays closed. Put its opening on standby to run it anew.</Point>
      </ul>
    </Frame>
  );
}
