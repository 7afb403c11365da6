/** Scenes without counters: the code to join, the draw's three steps, the clock to midnight. */
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { Mark } from "../brand/mark.tsx";
import type { DrawView, PrizeView } from "../protocol.gen.ts";
import { COUNTDOWN_MS } from "./scene.ts";
import type { AirWords } from "./words.ts";

/** The beacon's last seconds have a clock of their own. */
const BEACON_CLOCK_MS = 10_000;
const TIERS_MAX = 5;

export function Join({ url, words }: { url: string; words: AirWords }): JSX.Element {
  return (
    <section class="bug plate">
      <div class="mk">
        <Mark />
      </div>
      <div class="qr">
        <img src="/api/join.svg" alt={words.t("joinCode", { url })} />
      </div>
      <h1>{words.t("join")}</h1>
      <span>{url.replace(/^https?:\/\//, "").replace(/\/$/, "")}</span>
    </section>
  );
}

export function Clock({ seconds, light, label = "" }: { seconds: number; light: number; label?: string }): JSX.Element {
  return (
    <div class="ck" role="timer" style={{ "--left": light }}>
      <svg viewBox="0 0 250 96" aria-hidden="true">
        <path class="t" d="M8 88A150 150 0 0 1 242 88" pathLength="100" />
        <path class="l" d="M8 88A150 150 0 0 1 242 88" pathLength="100" />
        <circle class="k" cx="125" cy="32" r="10" />
      </svg>
      <b>{seconds}</b>
      {label && <span>{label}</span>}
    </div>
  );
}

interface Clocked {
  at_ms: number;
  left_ms: number;
  zone: string;
  words: AirWords;
}

export function Countdown({ at_ms, left_ms, zone, words }: Clocked): JSX.Element {
  const label = words.to(at_ms, zone);
  return (
    <div class="mid">
      <h1 class="sr">{label}</h1>
      <div class="cd" role="timer" style={{ "--left": Math.round((200 * left_ms) / COUNTDOWN_MS) / 2 }}>
        <svg viewBox="0 0 500 400" aria-hidden="true">
          <path class="t" d="M20 390V236a230 230 0 0 1 460 0v154" pathLength="100" />
          <path class="l" d="M20 390V236a230 230 0 0 1 460 0v154" pathLength="100" />
          <circle class="k" cx="250" cy="6" r="15" />
        </svg>
        <div class="n">
          <b>{Math.ceil(left_ms / 1000)}</b>
          <span class="plate">{label}</span>
        </div>
      </div>
    </div>
  );
}

/** Minutes away: a clock in the corner. */
export function Soon({ at_ms, left_ms, zone, words }: Clocked): JSX.Element {
  return (
    <section class="soon plate">
      <b role="timer">{words.span(Math.ceil(left_ms / 1000))}</b>
      <h1>{words.to(at_ms, zone)}</h1>
    </section>
  );
}

export function Draw({ draw, now_ms, words }: { draw: DrawView; now_ms: number; words: AirWords }): JSX.Element {
  const left_ms = draw.beacon_at_ms - now_ms;
  const seconds = Math.ceil(left_ms / 1000);
  const count = draw.prizes.reduce((sum, prize) => sum + prize.count, 0);
  const awaiting = draw.state === "frozen";
  const near = awaiting && left_ms <= BEACON_CLOCK_MS;
  const told = draw.state === "announced";
  const round = words.number(draw.beacon_round);
  const titles = {
    announced: words.t("wonTitle", { n: draw.winners }),
    drawn: words.t("drawnTitle"),
    frozen: !near ? words.t("frozenTitle") : left_ms > 0 ? words.t("beaconTitle", { s: seconds }) : words.t("waitTitle"),
    armed: "",
    void: words.t("voidTitle"),
  };
  if (draw.state === "void") {
    return (
      <section class="low plate">
        <h1 class="q">{titles.void}</h1>
      </section>
    );
  }
  return (
    <section class="low plate">
      <div class={near && left_ms > 0 ? "head clocked" : "head"}>
        <h1 class="q">{titles[draw.state]}</h1>
        {near && left_ms > 0 && <Clock seconds={seconds} light={(100 * left_ms) / BEACON_CLOCK_MS} />}
      </div>
      <ol class="seq">
        <Step n={1} state={awaiting && !near ? "on" : "ok"} name={words.t("rosterStep")}>
          {words.t("entries", { n: draw.entrants })}
        </Step>
        <Step n={2} state={!awaiting ? "ok" : near ? "on" : ""} name={words.t("beaconStep")}>
          {awaiting && left_ms > 0
            ? words.t("beaconIn", { round, span: words.span(seconds) })
            : words.t("beaconRound", { round })}
        </Step>
        <Step n={3} state={told ? "on" : ""} name={words.t("winnersStep")}>
          {words.t("lowest", { n: count })}
        </Step>
      </ol>
      {told && (
        <ul class="win">
          {draw.prizes.slice(0, TIERS_MAX).map((prize, place) => (
            <li key={place}>
              <small>{words.pick(prize.title)}</small>
              {priceOf(prize, words)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Equal prizes by their number and value, a deck by its smallest and largest card. */
function priceOf({ count, face_minor, least_minor, currency }: PrizeView, words: AirWords): string {
  const money = words.money(face_minor, currency);
  if (least_minor === 0) return words.t("each", { n: count, money });
  return words.t("between", { n: count, least: words.money(least_minor, currency), most: money });
}

function Step(props: { n: number; state: "" | "on" | "ok"; name: string; children: string }): JSX.Element {
  return (
    <li class={`st ${props.state}`}>
      <i>{props.state === "ok" ? <Icon name="tick" /> : props.n}</i>
      <b>{props.name}</b>
      <span>{props.children}</span>
    </li>
  );
}
