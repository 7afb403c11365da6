/** The channels as they are tuned, and the clap by which viewers tell how late they see. */
import type { Console } from "./console.ts";
import type { Desk } from "./desk.ts";
import { Icon } from "./icons.tsx";
import { count, elapsed, tenths, timeOfDay } from "./times.ts";
import { clapStep, keepsDelays, retuned } from "./tuning.ts";

export function Tunings({ console: c, desk }: { console: Console; desk: Desk }) {
  if (desk.channels.length === 0) return null;
  return (
    <section class="sec tunings" aria-labelledby="channels-h">
      <h2 id="channels-h">
        <Icon name="dial" />
        Channels
        <span class="end dim">{retuned(desk).length > 0 ? `${retuned(desk).length} tuned` : "as planned"}</span>
      </h2>
      <ul>
        {desk.channels.map((one) => (
          <li key={one.channel}>
            <button
              type="button"
              aria-disabled={!c.ready.value}
              onClick={() => c.ask({ is: "tune", channel: one.channel, delay_ms: one.delay_ms })}
            >
              <span class="lab">
                <b>{one.name}</b>
                {one.region && <small> {one.region}</small>}
              </span>
              <span class="mid">
                {count(one.phones)}
                <span class="sr"> phones,</span>
              </span>
              <span class="delay">
                <b>+{tenths(one.delay_ms)}</b>
                {one.delay_ms !== one.planned_ms && <small>plan {tenths(one.planned_ms)}</small>}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {keepsDelays(desk) && <p class="dim">The open round keeps the delays it opened with.</p>}
      <ClapControl console={c} desk={desk} />
    </section>
  );
}

/** The clap, while phones watch for it: large, and where the eye is. */
export function ClapNow({ console: c, desk }: { console: Console; desk: Desk }) {
  const { clap } = desk;
  if (!clap || clapStep(desk) !== "clap") return null;
  return (
    <section class="clap-now" aria-label="The clap">
      <button
        type="button"
        aria-disabled={!c.ready.value}
        onClick={(event) => c.press("clap", event.timeStamp)}
      >
        <Icon name="clap" /> CLAP <kbd>A</kbd>
      </button>
      <p class="mid">
        Phones watch for it since {timeOfDay(clap.asked_at_ms, desk.zone)}, {elapsed(c.now.value - clap.asked_at_ms)}. Press at the
        very moment the host claps.
      </p>
    </section>
  );
}

function ClapControl({ console: c, desk }: { console: Console; desk: Desk }) {
  const { clap } = desk;
  const asked = clapStep(desk) === "clap";
  return (
    <div class="clap row">
      {!asked && (
        <button type="button" class="mini" aria-disabled={!c.ready.value} onClick={(event) => c.press("clap", event.timeStamp)}>
          <Icon name="clap" /> {clap ? "Ask again" : "Ask phones"} <kbd>A</kbd>
        </button>
      )}
      <span class="dim">
        {asked && clap
          ? `Phones watch for the clap since ${timeOfDay(clap.asked_at_ms, desk.zone)}.`
          : clap
            ? `Clap at ${timeOfDay(clap.at_ms, desk.zone)}`
            : "Viewers tap when they see the host clap."}
      </span>
    </div>
  );
}
