/** Tuning one channel: how far its picture runs behind the hall. */
import { useState } from "preact/hooks";
import type { Console } from "./console.ts";
import type { Desk } from "./desk.ts";
import { Frame, Point } from "./frame.tsx";
import { count, seconds, tenths } from "./times.ts";
import { delayFrom, keepsDelays, NUDGE_MS, nudged, wouldSee } from "./tuning.ts";

/** As it is typed: `20.5`. */
function typedOf(ms: number): string {
  return (ms / 1000).toFixed(1);
}

export function Tune({ console: c, desk, channel }: { console: Console; desk: Desk; channel: string }) {
  const tuning = desk.channels.find((one) => one.channel === channel);
  const [typed, type] = useState(() => typedOf(tuning?.delay_ms ?? 0));
  if (!tuning) return null;
  const to = delayFrom(typed);
  const changed = to !== null && to !== tuning.delay_ms;
  const seen = wouldSee(desk, channel, to ?? tuning.delay_ms);
  const by = (ms: number): void => type(typedOf(nudged(to ?? tuning.delay_ms, ms)));
  function onKey(key: string, typing: boolean): boolean {
    if (!typing || (key !== "ArrowUp" && key !== "ArrowDown")) return false;
    by(key === "ArrowUp" ? NUDGE_MS : -NUDGE_MS);
    return true;
  }
  return (
    <Frame
      console={c}
      title={`How far behind is ${tuning.name}?`}
      kicker={`${tuning.region ? `${tuning.region}, ` : ""}${count(tuning.phones)} phones, now ${tenths(tuning.delay_ms)} behind the hall`}
      icon="dial"
      confirm={changed ? () => c.confirm({ delay_ms: to }) : null}
      confirmWord={changed ? `Set ${tenths(to)}` : to === null ? "Type seconds" : "As it is"}
      asideWord="It is logged."
      onKey={onKey}
    >
      <div class="chips" role="group" aria-label="Channel">
        {desk.channels.map((one) => (
          <button
            type="button"
            class="mini"
            key={one.channel}
            aria-pressed={one.channel === channel}
            onClick={() => c.ask({ is: "tune", channel: one.channel, delay_ms: one.delay_ms })}
          >
            {one.name}
          </button>
        ))}
      </div>
      <label class="reason" for="delay">
        <span>Seconds behind the hall, 0 to 600</span>
      </label>
      <p class="row dialled">
        <button type="button" class="mini" onClick={() => by(-NUDGE_MS)}>
          −0.5 s
        </button>
        <input
          id="delay"
          type="text"
          inputMode="decimal"
          autofocus
          autocomplete="off"
          maxLength={6}
          value={typed}
          aria-invalid={to === null}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <button type="button" class="mini" onClick={() => by(NUDGE_MS)}>
          +0.5 s
        </button>
        <button
          type="button"
          class="mini end"
          aria-disabled={to === tuning.planned_ms}
          onClick={() => type(typedOf(tuning.planned_ms))}
        >
          As planned: {tenths(tuning.planned_ms)}
        </button>
      </p>
      <ul>
        {seen && (
          <Point icon={seen.level === "ok" ? "check" : seen.level === "yellow" ? "warn" : seen.level === "red" ? "barred" : "eye"}>
            <b>
              {seen.segment.label} {seen.segment.title}
            </b>
            : {WOULD[seen.level](seen.visible_ms)}
          </Point>
        )}
        {keepsDelays(desk) && (
          <Point icon="lock">The open round keeps the delays it opened with; this counts from the next one.</Point>
        )}
        <Point icon="clock">Phones of this channel follow within a second; what a viewer nudged by themselves is kept.</Point>
      </ul>
    </Frame>
  );
}

const WOULD = {
  ok: (ms: number) => `it would see ${seconds(ms)}.`,
  yellow: (ms: number) => `it would see ${seconds(ms)}, short.`,
  red: (ms: number) => `it would see none of it: ${seconds(ms)}.`,
  watch: () => "it watches only.",
};
