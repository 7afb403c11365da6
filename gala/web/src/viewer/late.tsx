import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import type { RoundView } from "../protocol.gen.ts";
import { usePage } from "./page.ts";
import { State } from "./state.tsx";
import { tenths, watchOf } from "./watch.ts";

/** A picture that leaves little of a round: how much, and why. */
export function LateNote({ round, delay_ms }: { round: RoundView; delay_ms: number }): JSX.Element {
  const { words, evening } = usePage();
  const w = words.value;
  const from_ms = Math.max(round.opens_at_ms, evening.now_ms.value);
  const left = Math.max(0, Math.ceil((round.closes_at_ms - from_ms) / 1000));
  return (
    <State is="late" title={w.t("lateLeft", { s: left })}>
      {w.t("lateSub", { s: tenths(delay_ms) })}
    </State>
  );
}

/** In a round's place for whoever cannot play it: `missed` on this evening, or never meant for this channel. */
export function TooLate({ missed }: { missed: boolean }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const { channel, delay_ms } = watchOf(evening);
  const text = evening.segmentText();
  return (
    <>
      <div class="mid stack wide center" data-late={missed ? "missed" : "watch"}>
        <p class="eyebrow middle">{text ? w.pick(text.title) : ""}</p>
        <LateArch s={tenths(delay_ms)} />
        <h1 class="big">{w.t(missed ? "missedTitle" : "watchTitle")}</h1>
        <p class="sub">
          {missed ? w.t("tooLate") : w.t("watchSub", { channel: channel ? w.pick(channel.name) : "" })}
        </p>
      </div>
      <p class="note push middle">
        <Icon name="info" />
        <span>{w.t("missedNote")}</span>
      </p>
    </>
  );
}

/** An arch whose light never came on, with how late the picture is. */
function LateArch({ s }: { s: number }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <div class="arch latearch">
      <svg viewBox="0 0 240 190" aria-hidden="true">
        <path class="t" d="M14 184V116a106 106 0 0 1 212 0v68" pathLength="100" stroke-dasharray="1.5 4" />
        <circle class="k" cx="120" cy="10" r="8" />
      </svg>
      <div class="in">
        <span class="n">{w.t("seconds", { s })}</span>
        <small>{w.t("behindShort")}</small>
      </div>
    </div>
  );
}
