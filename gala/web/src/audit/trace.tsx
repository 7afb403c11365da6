/** The private trace: who was turned away in which minute, which networks asked for much, how fast people were. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { count, timeOfDay } from "../director/times.ts";
import type { Trace, TraceMinute } from "../protocol.gen.ts";
import { complete } from "../wire/complete.ts";
import { Scroll } from "./records.tsx";

const EVERY_MS = 5_000;
const SHOWN = 60;

/** What the service told last; null before, and with a pass that may not see it. */
export function followTrace(pass: string): ReadonlySignal<Trace | null> {
  const told = signal<Trace | null>(null);
  const ask = async (): Promise<void> => {
    try {
      const answer = await fetch("/api/trace", { headers: { authorization: `Bearer ${pass}` } });
      if (answer.status === 403) return; // another role's desk: it will not be told
      if (answer.ok) told.value = complete("Trace", await answer.json());
    } catch {
      // the link says how it stands itself
    }
    setTimeout(() => void ask(), EVERY_MS);
  };
  void ask();
  return told;
}

/** Refusals of a minute in words: the reason, how many, and where they watch. */
export function turnedAway(minute: TraceMinute): string {
  return Object.entries(minute.refused)
    .map(([reason, channels]) => {
      const where = Object.entries(channels).map(([channel, times]) => (channel ? `${channel} ${count(times)}` : count(times)));
      return `${reason.replace(/_/g, " ")}: ${where.join(", ")}`;
    })
    .join("; ");
}

/** The middle of sorted samples and what nine of ten are above and below; empty of none. */
export function spread(samples: readonly number[]): string {
  const at = (tenth: number): number => samples[Math.floor(((samples.length - 1) * tenth) / 10)] ?? 0;
  return samples.length === 0 ? "" : `${count(at(1))} · ${count(at(5))} · ${count(at(9))}`;
}

export function PrivateTrace({ trace, zone }: { trace: ReadonlySignal<Trace | null>; zone: string }): JSX.Element | null {
  const told = trace.value;
  if (told === null) return null;
  const held = told.minutes.some((minute) => minute.bursts.length > 0);
  return (
    <section class="card" id="doors">
      <div class="row">
        <h2>At the doors, minute by minute</h2>
        <span class="dim end">{held ? "some networks asked for much" : "no network asked for much"}</span>
      </div>
      {told.minutes.length === 0 ? (
        <p class="dim">Nobody has come yet.</p>
      ) : (
        <Scroll label="The doors by the minute" tall>
          <table>
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col">numbers</th>
                <th scope="col">accounts</th>
                <th scope="col">turned away</th>
                <th scope="col">networks: numbers, waits</th>
                <th scope="col">to enter, ms</th>
                <th scope="col">to play, ms</th>
              </tr>
            </thead>
            <tbody>
              {told.minutes.slice(0, SHOWN).map((minute) => (
                <tr key={minute.at_ms}>
                  <th scope="row">{timeOfDay(minute.at_ms, zone)}</th>
                  <td>{count(minute.numbers)}</td>
                  <td>{count(minute.accounts)}</td>
                  <td class="wraps">{turnedAway(minute)}</td>
                  <td class="wraps mono">
                    {minute.bursts.map((one) => `${one.network} ${count(one.numbers)}, ${count(one.held_up)}`).join("; ")}
                  </td>
                  <td>{spread(minute.entering_ms)}</td>
                  <td>{spread(minute.playing_ms)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <p class="dim">
        For an auditor alone, and in no bundle. Networks stand under a tag that names nobody. Timings are samples: a tenth are
        below the first figure, half below the second, a tenth above the third.
      </p>
    </section>
  );
}
