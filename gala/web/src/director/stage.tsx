/** What a boost's director watches beside the stars: the cut, the spell that runs, and the key that begins one. */
import type { Console } from "./console.ts";
import { type Desk, type Round, runningAt } from "./desk.ts";
import { Icon } from "./icons.tsx";
import { cutOff, doublable, times } from "./press.ts";
import { count, countdown, share } from "./times.ts";

export function Stage({ console: c, desk, round }: { console: Console; desk: Desk; round: Round }) {
  if (!round.multiplies) return null;
  const now = c.now.value;
  const left = round.spell_until_at_ms - now;
  const may = doublable(desk, now).is === "multiply";
  return (
    <>
      <CutLine desk={desk} round={round} nowMs={now} />
      {round.state === "open" && left > 0 && (
        <p class="row mid spell">
          <Icon name="flag" />
          <b>{times(round.factor_bp)} runs</b>
          <b class="end">{countdown(left)}</b>
        </p>
      )}
      {round.state === "open" && (
        <p class="row">
          <button
            type="button"
            class="mini"
            aria-disabled={!c.ready.value || !may}
            onClick={(event) => c.press("multiply", event.timeStamp)}
          >
            ×2 for 60 s… <kbd>M</kbd>
          </button>
        </p>
      )}
    </>
  );
}

function CutLine({ desk, round, nowMs }: { desk: Desk; round: Round; nowMs: number }) {
  if (round.state === "void") return null;
  const off = cutOff(round, runningAt(desk, nowMs)) || round.state !== "open";
  if (!off && round.cut_at_ms === 0) return <p class="mid">No cut is timed: taps count for the stage until you cut or lock.</p>;
  return (
    <p class={`row mid cutline ${off ? "off" : ""}`}>
      <Icon name={off ? "cut" : "clock"} />
      {off ? "Cut: these points stand on stage" : "Stage cut in"}
      {!off && <b class="end">{countdown(round.cut_at_ms - runningAt(desk, nowMs))}</b>}
    </p>
  );
}

/** Who plays, channel by channel, and how ballots and ties are read. */
export function Channels({ round }: { round: Round }) {
  const tied = round.choices.filter((choice) => round.tied.includes(choice.id)).map((choice) => choice.label);
  const names = tied.length > 3 ? `${count(tied.length)} of ${count(round.choices.length)}` : tied.join(", ");
  return (
    <>
      {tied.length > 0 && (
        <p class="row mid">
          <Icon name="flag" />
          <span>
            Tied first: <b>{names}</b>. A tie stands as it is.
          </span>
        </p>
      )}
      {round.allowance > 1 && <p class="mid">Up to {count(round.allowance)} choices a ballot: the sum exceeds the voters.</p>}
      {round.voters > 0 && round.channels.length > 1 && (
        <details class="chs">
          <summary>By channel</summary>
          <ul>
            {round.channels.map((channel, i) => (
              <li key={channel.channel}>
                <span class="row">
                  <span class="lab">{channel.name}</span>
                  <b class="end">{count(channel.voters)}</b>
                  <span class="pc">{share(channel.voters, round.voters)}</span>
                </span>
                <small class="dim">{leading(round, i)}</small>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** `mostly Comets, 61 %`: what a channel chose most, where that is counted. */
function leading(round: Round, channel: number): string {
  const counted = round.choices.filter((choice) => (choice.channels[channel] ?? 0) > 0);
  const first = counted.reduce<(typeof counted)[number] | null>(
    (best, one) => (!best || (one.channels[channel] ?? 0) > (best.channels[channel] ?? 0) ? one : best),
    null,
  );
  const all = round.channels[channel]?.voters ?? 0;
  return first ? `mostly ${first.label}, ${share(first.channels[channel] ?? 0, all)}` : "";
}
