/** The open round's lock, and the keys that move it. */
import type { Console } from "./console.ts";
import type { Desk } from "./desk.ts";
import { EXTENDS, extendable } from "./press.ts";
import { timeOfDay } from "./times.ts";

export function LockKeys({ console: c, desk }: { console: Console; desk: Desk }) {
  const round = desk.rounds.find((one) => one.state === "open" && one.closes_at_ms > 0);
  if (!round) return null;
  const cut = round.cut_at_ms > c.now.value;
  return (
    <div class="lockkeys" role="group" aria-label="The round’s lock">
      <span class="mid">
        Locks <b>{timeOfDay(round.closes_at_ms, desk.zone)}</b>
        {cut && (
          <>
            , cut <b>{timeOfDay(round.cut_at_ms, desk.zone)}</b>
          </>
        )}
      </span>
      {EXTENDS.map((ms) => (
        <button
          type="button"
          class="mini"
          key={ms}
          aria-disabled={!c.ready.value || extendable(desk, c.now.value, ms).is === "nothing"}
          onClick={(event) => c.extend(ms, event.timeStamp)}
        >
          {ms < 0 ? "−" : "+"}
          {Math.abs(ms) / 1000} s {KEY[ms] && <kbd>{KEY[ms]}</kbd>}
        </button>
      ))}
    </div>
  );
}

const KEY: Partial<Record<number, string>> = { [EXTENDS[0]]: "−", [EXTENDS[1]]: "+" };
