/** Who has the call, and taking it: one console presses, the others watch. */
import type { Console } from "./console.ts";
import { type Desk, who } from "./desk.ts";
import { Frame, Point } from "./frame.tsx";
import { Icon } from "./icons.tsx";
import { timeOfDay } from "./times.ts";
import { takenWords } from "./words.ts";

/** In the strip: who calls and since when. Pressed, it asks to take the call. */
export function CallerCell({ console: c, desk }: { console: Console; desk: Desk }) {
  const caller = desk.caller;
  const watching = c.watching.value;
  return (
    <button
      type="button"
      class={`caller ${watching ? "theirs" : caller ? "mine" : "nobodys"}`}
      aria-disabled={!c.callable.value}
      onClick={(event) => c.press("call", event.timeStamp)}
    >
      <span class="k">{caller ? `Caller since ${timeOfDay(caller.at_ms, desk.zone)}` : "Caller: nobody"}</span>
      <span class="v t">{caller ? `${who(caller.by)}${watching ? "" : ", here"}` : "Take the call"}</span>
    </button>
  );
}

/** Over the desk of whoever watches. */
export function Watching({ console: c, desk }: { console: Console; desk: Desk }) {
  const caller = c.watching.value;
  if (!caller) return null;
  return (
    <div class="banner watching" role="alert">
      <Icon name="eye" />
      {takenWords(caller, desk.zone)} You are watching.
      <span>Of what you press here, only the kill switch is sent.</span>
      <button type="button" class="take end" aria-disabled={!c.callable.value} onClick={(event) => c.press("call", event.timeStamp)}>
        Take the call <kbd>B</kbd>
      </button>
    </div>
  );
}

export function TakeCall({ console: c, desk }: { console: Console; desk: Desk }) {
  const caller = desk.caller;
  return (
    <Frame
      console={c}
      title="Take the call to this console?"
      kicker={caller ? takenWords(caller, desk.zone) : "Nobody has the call: every console presses."}
      icon="flag"
      free={c.callable}
      confirm={() => c.confirm({})}
      confirmWord="Take the call"
      asideWord="B again takes it, too."
      onKey={(key, typing) => {
        if (typing || key.toLowerCase() !== "b") return false;
        c.confirm({});
        return true;
      }}
    >
      <ul>
        <Point icon="eye">From then on only this console moves the show. {caller ? `${who(caller.by)} watches` : "The others watch"}.</Point>
        <Point icon="list">What is on standby, held or timed stays as it is.</Point>
        <Point icon="power">The kill switch works on every console, whoever calls.</Point>
      </ul>
    </Frame>
  );
}
