/** The time strip, the banners under it, and the keys along the bottom. */
import type { Console } from "./console.ts";
import type { Desk } from "./desk.ts";
import { Mark } from "../brand/mark.tsx";
import { levelWords } from "./health.ts";
import { Icon } from "./icons.tsx";
import { againstPlan, count, countdown, elapsed, timeOfDay } from "./times.ts";
import { asRunWords } from "./words.ts";

/** A desk comes four times a second: after so many real milliseconds without one the page says so. */
const QUIET_MS = 3_000;

export function Strip({ console: c, desk }: { console: Console; desk: Desk }) {
  const now = c.now.value;
  const plan = againstPlan(desk.over_ms);
  return (
    <header class="strip">
      <div class="name">
        <Mark />
        <span>{desk.name}</span>
      </div>
      <div class="clock">
        <span class="k">Show time, {desk.zone}</span>
        <span class="v">{timeOfDay(now, desk.zone)}</span>
      </div>
      <div>
        <span class="k">To next segment</span>
        <span class="v">{toNext(desk, now)}</span>
      </div>
      <div>
        <span class="k">Against plan</span>
        <span class={`v ${plan.sense === "over" ? "over" : ""}`}>
          {plan.sense !== "even" && <Icon name={plan.sense} />} {plan.words}
        </span>
      </div>
      <div class="s2">
        <span class="k">Expected end</span>
        <span class="v">{desk.expected_end_at_ms > 0 ? timeOfDay(desk.expected_end_at_ms, desk.zone) : "–"}</span>
      </div>
      <div class="s2">
        <span class="k">Caller</span>
        <span class="v t">{desk.crew}</span>
      </div>
      <div class="opt">
        <span class="k">Log</span>
        <span class="v t">version {desk.version}</span>
      </div>
      <div class="end">
        <span class="k">Service</span>
        <LinkWords console={c} desk={desk} />
      </div>
    </header>
  );
}

function toNext(desk: Desk, now: number): string {
  if (desk.next_at_ms === 0) return "–";
  const left = desk.next_at_ms - now;
  return left > 0 ? countdown(left) : "due";
}

function LinkWords({ console: c, desk }: { console: Console; desk: Desk }) {
  const link = c.link.value;
  if (link.state !== "up") {
    return (
      <span class="v t r-t">
        <Icon name="cut" /> no link
      </span>
    );
  }
  if (c.age.value > QUIET_MS) {
    return (
      <span class="v t w-t">
        <Icon name="warn" /> quiet for {elapsed(c.age.value)}
      </span>
    );
  }
  const out = desk.edges.filter((edge) => edge.rotation).length;
  if (out > 0) {
    return (
      <span class="v t r-t">
        <Icon name="barred" /> {out} of {desk.edges.length} edges out
      </span>
    );
  }
  return (
    <span class={`v t ${desk.level === 0 ? "ok-t" : "w-t"}`} data-level={desk.level}>
      <Icon name={desk.level === 0 ? "check" : "warn"} /> {levelWords(desk)}
    </span>
  );
}

export function Banners({ console: c, desk }: { console: Console; desk: Desk }) {
  return (
    <>
      {c.link.value.state !== "up" && (
        <div class="banner nolink" role="alert">
          <Icon name="cut" />
          NO LINK
          <span>
            Nothing you press is sent. What you see is {elapsed(c.age.value)} old. This page reconnects by itself.
          </span>
        </div>
      )}
      {desk.killed_at_ms > 0 && (
        <div class="banner killed" role="alert">
          <Icon name="power" />
          KILLED at {timeOfDay(desk.killed_at_ms, desk.zone)}
          <span>
            Every phone and overlay is quiet, {elapsed(c.now.value - desk.killed_at_ms)} now. Rounds that were open are closed.
            RESUME brings the screens back.
          </span>
        </div>
      )}
      {desk.rehearsal && (
        <div class="banner" role="status">
          <Icon name="flag" />
          REHEARSAL
          <span>
            {count(desk.online)} phones, simulated or invited. Nothing here issues money: vouchers are XTS, the beacon is
            the rehearsal beacon{desk.rate !== 1 ? `, the clock runs ×${desk.rate}` : ""}.
          </span>
        </div>
      )}
    </>
  );
}

export const HINTS: [string[], string][] = [
  [["Space"], "go"],
  [["?"], "all keys"],
  [["S"], "standby"],
  [["H"], "hold"],
  [["R"], "reveal"],
  [["K"], "skip"],
  [["W"], "swap"],
  [["T"], "re-time"],
  [["−", "+"], "lock"],
  [["D"], "delays"],
  [["A"], "clap"],
  [["X"], "kill"],
  [["↑", "↓"], "look ahead"],
];

export function Hints({ desk }: { desk: Desk }) {
  const last = desk.as_run.reduce<Desk["as_run"][number] | null>(
    (newest, line) => (line.version > (newest?.version ?? -1) ? line : newest),
    null,
  );
  return (
    <footer class="hints">
      {HINTS.map(([keys, words]) => (
        <span key={words}>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
          {words}
        </span>
      ))}
      {last && <span class="end dim last">Last: {asRunWords(last, desk.zone)}</span>}
    </footer>
  );
}
