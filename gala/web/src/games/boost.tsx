import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import { colourOf, Shape as Drawn } from "../brand/shapes.tsx";
import { usePage } from "../viewer/page.ts";
import { LateNote } from "../viewer/late.tsx";
import { leftBy } from "../viewer/scene.ts";
import { playState, reasonIn, State } from "../viewer/state.tsx";
import { staysHere } from "../wire/plays.ts";
import type { Choice } from "./ballot.ts";
import "./boost.css";
import { Face } from "./face.tsx";
import type { RoundProps } from "./game.ts";
import { usePress } from "./press.ts";
import { Feet } from "./rail.tsx";
import { boardOf, givenOf, isCut, readStars, spellAt, type Given, type Stars } from "./stars.ts";
import { gatherTaps, isTotalDue, possibleBy, tapped, type SentTotal } from "./taps.ts";

/** How often it is looked whether taps are due, ms. */
const LOOK_MS = 100;
const BUZZ_MS = 8;

/** Boosts: a star to choose, a big arch to tap, and what of it counted for whom. */
export function Boost(props: RoundProps): JSX.Element {
  const stars = readStars(props.round.public, props.text);
  const given = givenOf(props.slot?.has);
  const taps = useTaps(props, stars, given);
  const all = { ...props, stars, given, taps };
  switch (props.phase) {
    case "soon":
    case "open":
      return taps.star ? <Lifting {...all} star={taps.star} /> : <Pick {...all} />;
    case "closing":
    case "locked":
    case "revealed":
      return <Ending {...all} />;
    case "void":
      return <Void {...props} />;
  }
}
Boost.rapid = true;

interface OwnTaps {
  /** chosen for this round, on this phone or another one */
  star: Choice | undefined;
  /** all taps, counted or not */
  total: number;
  choose(star: Choice): void;
  tap(): void;
  /** this viewer's wish to be shown among the top fans, said to the service or not */
  fan: boolean;
  agree(fan: boolean): void;
}

interface Playing extends RoundProps {
  stars: Stars;
  given: Given;
  taps: OwnTaps;
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Counts taps at once and sends their running total at most every 300 ms, or as the service asks; the service's greater total stands. */
function useTaps(props: RoundProps, stars: Stars, given: Given): OwnTaps {
  const { evening, words, manners, local_ms } = usePage();
  const { local } = props;
  const only = stars.choices.length === 1 ? (stars.choices[0]?.id ?? "") : "";
  const picked = useSignal(String(local?.move.for ?? ""));
  const total = useSignal(number(local?.move.total));
  const fan = useSignal(local ? local.move.fan === true : given.fan);
  const sent = useRef<SentTotal>({ total: total.peek(), at_ms: -Infinity });
  const id = given.star || picked.value || only;
  const star = stars.choices.find((choice) => choice.id === id);
  const counted = local?.status === "counted" || local?.status === "already";
  const tooFast =
    (local?.status === "refused" && local.reason === "too_fast") ||
    (counted && local.parts.some((part) => Array.isArray(part) && part[1] === "too_fast"));
  const now = useRef({ props, stars, star, tooFast });
  now.current = { props, stars, star, tooFast };

  // Another tab or phone of this viewer has given more: the greater total stands.
  const elsewhere = Math.max(given.total, number(local?.move.total));
  useEffect(() => {
    if (elsewhere > total.peek()) {
      total.value = elsewhere;
      sent.current.total = Math.max(sent.current.total, elsewhere);
    }
  }, [elsewhere]);

  // Another device has said yes or no. What this one said last and has no answer to yet comes after it.
  const unanswered = local?.status === "sending" || local?.status === "kept";
  useEffect(() => {
    if (!unanswered && given.total > 0) fan.value = given.fan;
  }, [given.fan]);

  const send = (): void => {
    const { props: round, star: to } = now.current;
    if (!to) return;
    const n = total.peek();
    sent.current = { total: n, at_ms: local_ms() };
    const label = words.peek().t("boostsN", { n, label: words.peek().pick(to.label) });
    round.play({ total: n, for: to.id, fan: fan.peek() }, label);
  };
  useEffect(() => {
    const timer = setInterval(() => {
      const { closes_at_ms, cut_at_ms } = now.current.props.round;
      const ends = [closes_at_ms, cut_at_ms].map((end_ms) => end_ms - evening.at_ms()).filter((left_ms) => left_ms > 0);
      const seat = evening.mine.peek().number;
      const gather_ms = gatherTaps(evening.relief.peek().gather_ms, Math.min(...ends), seat);
      if (isTotalDue(total.peek(), sent.current, now.current.tooFast, local_ms(), gather_ms, seat)) send();
    }, LOOK_MS);
    const leaving = (): void => {
      if (document.hidden && total.peek() > sent.current.total) send();
    };
    document.addEventListener("visibilitychange", leaving);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", leaving);
      if (total.peek() > sent.current.total) send(); // the stage moves on: what was tapped is still said
    };
  }, []);
  return {
    star,
    total: Math.max(total.value, given.total),
    choose: (choice) => (picked.value = choice.id),
    fan: fan.value,
    agree: (yes) => {
      fan.value = yes;
      if (total.peek() > 0) send(); // before the first tap there is no number to show: it goes with that tap
    },
    tap: () => {
      const { props: round, stars: rules } = now.current;
      const since_ms = evening.at_ms() - round.round.opens_at_ms;
      const next = tapped(total.peek(), rules.cap, possibleBy(since_ms, rules.per_s));
      if (next === total.peek()) return;
      total.value = next;
      if (manners.vibration.peek() && !manners.calm.peek()) navigator.vibrate?.(BUZZ_MS);
    },
  };
}

function Pick({ stars, text, shut, taps, phase }: Playing): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const count = stars.choices.length;
  return (
    <>
      <p class="eyebrow">{phase === "soon" ? <GetReady /> : w.pick(text.title)}</p>
      <h1>{w.pick(text.question) || w.t("pickStar")}</h1>
      <div
        class={`doors${count > 2 ? " six" : ""}${count > 6 ? " many" : ""}${phase === "soon" ? " ready" : ""}`}
        role="group"
        aria-label={w.t("pickStar")}
      >
        {stars.choices.map((choice) => (
          <button
            key={choice.id}
            type="button"
            class={choice.picture ? "door pictured" : "door"}
            style={{ "--c": colourOf(choice.shape) }}
            data-choice={choice.id}
            disabled={shut}
            onClick={() => taps.choose(choice)}
          >
            <Face of={choice} label={w.pick(choice.label)} among={count} />
            {w.pick(choice.detail) && <span class="detail">{w.pick(choice.detail)}</span>}
          </button>
        ))}
      </div>
      <p class="note push">
        <Icon name="info" />
        <span>
          {w.t("pickStarNote")} <Rules stars={stars} />
        </span>
      </p>
    </>
  );
}

/** In the place of a line that stands there once the round is open. */
function GetReady(): JSX.Element {
  const { words } = usePage();
  return (
    <>
      <Icon name="clock" />
      {words.value.t("getReady")}
    </>
  );
}

/** What taps earn, and how many one may give. */
function Rules({ stars }: { stars: Stars }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const earns = stars.tickets > 0 ? w.t("boostsEarn", { n: stars.threshold }) : "";
  return <>{[earns, w.t("capNote", { cap: stars.cap })].filter(Boolean).join(" ")}</>;
}

function Lifting(props: Playing & { star: Choice }): JSX.Element {
  const { round, phase, stars, star, given, taps, text, held, shut, local, delay_ms } = props;
  const { evening, words } = usePage();
  const w = words.value;
  const now_ms = evening.now_ms.value;
  const { cut_at_ms, spells } = round;
  const cut = isCut(cut_at_ms, now_ms);
  const spell = cut ? null : spellAt(spells, now_ms);
  const zone = evening.showText()?.zone ?? "UTC";
  const label = w.pick(star.label);
  const left = (until_ms: number): string => w.span(Math.max(0, Math.ceil((until_ms - now_ms) / 1000)));
  const stops_at_ms = cut_at_ms || round.closes_at_ms;
  const refused = local?.status === "refused" && local.reason !== "too_fast" ? local : null;
  const waits = local && staysHere(local) ? playState(w, local, zone) : null;
  return (
    <>
      <div>
        <p class="eyebrow">
          <span class="shape" style={{ color: colourOf(star.shape) }}>
            <Drawn name={star.shape} />
          </span>
          {phase === "soon" ? <GetReady /> : w.pick(text.title)}
        </p>
        <h1>{cut ? w.t("cutTitle") : w.t("lift", { label })}</h1>
      </div>
      {cut ? (
        <State is="late" title={w.t("cutState")}>
          {w.t("cutSub", { time: w.time(cut_at_ms, zone, true) })}
          {delay_ms > 0 && ` ${w.t("cutBehind", { s: Math.round(delay_ms / 1000) })}`}
        </State>
      ) : (
        <div class="row small spread">
          {spell && (
            <span class="chip spell" data-spell={spell.factor_bp}>
              <Icon name="bolt" />
              {w.t("spellLeft", { factor: spell.factor_bp / 10_000, time: left(spell.until_ms) })}
            </span>
          )}
          {held ? (
            <span class="sub">{w.t("onHold")}</span>
          ) : (
            stops_at_ms > 0 && <span class="sub num">{w.t("stageStops", { time: left(stops_at_ms) })}</span>
          )}
        </div>
      )}
      {!cut && !held && leftBy(round, delay_ms) !== "all" && <LateNote round={round} delay_ms={delay_ms} />}
      <p class="sr" aria-live="polite">
        {cut ? w.t("cutState") : spell ? `×${w.number(spell.factor_bp / 10_000)}` : ""}
      </p>
      <BigArch {...props} label={label} />
      {refused && (
        <State is="refused" title={w.t("refused", { label: refused.label })}>
          {reasonIn(w, refused.reason)}
        </State>
      )}
      {waits && (
        <State is={waits.is} title={waits.title}>
          {waits.sub}
        </State>
      )}
      {shut && phase !== "soon" ? (
        <p class="shut small">
          <Icon name="nolink" />
          {local && local.status === "kept" ? playState(w, local, zone).title : w.t("doorsShut")}
        </p>
      ) : (
        <p class="note short-hide">
          <Icon name="wallet" />
          <span>{taps.total >= stars.cap ? w.t("restNote") : <Rules stars={stars} />}</span>
        </p>
      )}
      <Fan taps={taps} shut={shut} />
      <Own given={given} stars={stars} total={taps.total} split={cut || given.own > 0} />
      <Board {...props} counters={tallyOf(evening.tally.value, round.id)} mine={star.id} />
    </>
  );
}

const tallyOf = (tally: { round: string; counters: unknown } | null, round: string): unknown =>
  tally?.round === round ? tally.counters : null;

/** The arch one taps: solid light is counted, the dotted edge says that something is not yet. */
function BigArch({ stars, star, given, taps, shut, label }: Playing & { star: Choice; label: string }): JSX.Element {
  const { words, manners } = usePage();
  const w = words.value;
  const beat = useSignal(0);
  const full = taps.total >= stars.cap;
  const pending = taps.total > given.total;
  const tap = (): void => {
    if (shut || full) return;
    taps.tap();
    beat.value++;
  };
  const press = usePress(tap);
  return (
    <button
      type="button"
      class={`bigarch${pending ? " pending" : ""}${full ? " full" : ""}`}
      style={{ "--c": colourOf(star.shape) }}
      data-act="tap"
      data-total={taps.total}
      data-counted={given.total}
      aria-label={w.t("tapFor", { label })}
      aria-disabled={full}
      disabled={shut}
      {...press}
    >
      <Feet part={given.total} whole={stars.cap}>
        <span class={manners.calm.value ? "star" : `star beat${beat.value % 2}`}>
          <svg viewBox="0 0 120 120" aria-hidden="true">
            <path d="M60 6l16 35 38 4-28 26 8 38-34-19-34 19 8-38L6 45l38-4z" stroke-linejoin="round" />
          </svg>
          <b class="num">{w.number(taps.total)}</b>
        </span>
        <small>{full ? w.t("fullCap", { n: taps.total, cap: stars.cap }) : w.t("tapWord")}</small>
      </Feet>
    </button>
  );
}

/** Whether this viewer's seat may be on air: off until they say so, and off again whenever they like. */
function Fan({ taps, shut }: { taps: OwnTaps; shut: boolean }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const seat = evening.mine.value.number;
  return (
    <button
      type="button"
      class="opt"
      role="switch"
      aria-checked={taps.fan}
      data-act="fan"
      disabled={shut}
      onClick={() => taps.agree(!taps.fan)}
    >
      <span class="grow">
        <b>{w.t("fanShow")}</b>
        <small>{seat < 0 ? w.t("fanNote") : `${w.t("fanSeat", { seat })} ${w.t("fanNote")}`}</small>
      </span>
      <span class="onoff" aria-hidden="true">
        {w.t(taps.fan ? "on" : "off")}
      </span>
    </button>
  );
}

/** What the service has of this viewer: said once counted, and whom it counts for. */
function Own({ given, stars, total, split }: { given: Given; stars: Stars; total: number; split: boolean }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const share = (n: number): number => Math.min(100, (n / Math.max(1, stars.cap)) * 100);
  const earned = stars.tickets > 0 && given.total >= stars.threshold;
  return (
    <section class="card stack">
      <div class="row wraps">
        <b class="grow">{w.t("yourBoosts")}</b>
        <span class="num sub">{w.t("ofCap", { n: given.total, cap: stars.cap })}</span>
        {earned && (
          <span class="earned" data-earned>
            <Icon name="seal" />
            {w.t("entryEarned")}
          </span>
        )}
      </div>
      <div
        class="rail"
        style={{ "--p": share(given.total), "--q": share(total) }}
        role="progressbar"
        aria-label={w.t("boostsCounted", { n: given.total })}
        aria-valuenow={given.total}
        aria-valuemin={0}
        aria-valuemax={stars.cap}
      >
        {total > given.total && <u />}
        <i />
      </div>
      {total > given.total && <p class="tiny">{w.t("boostsNotYet")}</p>}
      {split && (
        <>
          <p class="row small sub">
            <Icon name="stage" />
            <span class="grow">{w.t("forStage")}</span>
            <b class="num" data-stage={given.stage}>{w.t("points", { n: given.stage })}</b>
          </p>
          <p class="row small sub">
            <Icon name="you" />
            <span class="grow">{w.t("forYou")}</span>
            <b class="num" data-own={given.own}>{w.t("points", { n: given.own })}</b>
          </p>
        </>
      )}
    </section>
  );
}

/** All stars by what they have on stage, each with its figures in words. */
function Board({ stars, counters, mine }: Playing & { counters: unknown; mine: string }): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  if (counters === null || counters === undefined || stars.choices.length < 2) return null;
  return (
    <section class="card stack">
      <h2>{w.t("starBoard")}</h2>
      {boardOf(stars, counters).map(({ choice, points, share }) => (
        <div class="vb" key={choice.id} style={{ "--c": colourOf(choice.shape), "--p": share }} data-bar={choice.id}>
          <div class="h">
            <span class={choice.hollow ? "shape hollow" : "shape"}>
              <Drawn name={choice.shape} />
            </span>
            <span>{w.pick(choice.label)}</span>
            {choice.id === mine && (
              <span class="tag">
                <Icon name="tick" />
                {w.t("yoursTag")}
              </span>
            )}
            <span class="small sub num end">{w.t("points", { n: points })}</span>
          </div>
          <div class="tr thin">
            <div class={`fl pat-${choice.shape}`} />
          </div>
        </div>
      ))}
    </section>
  );
}

function Ending(props: Playing): JSX.Element {
  const { phase, round, stars, given, taps, slot, text, local } = props;
  const { words, evening } = usePage();
  const w = words.value;
  const waiting = local?.status === "sending" || local?.status === "kept" ? local : null;
  const refused = local?.status === "refused" && taps.total > given.total ? local : null;
  const told = waiting ?? refused;
  const state = told && playState(w, told, evening.showText()?.zone ?? "UTC");
  const entries = phase === "revealed" ? (slot?.entries ?? 0) : 0;
  const counters = phase === "revealed" ? round.result.tally : tallyOf(evening.tally.value, round.id);
  return (
    <>
      <p class="eyebrow">{w.pick(text.title)}</p>
      <h1 class="big">{phase === "revealed" ? w.t("resultTitle") : w.t(phase === "closing" ? "timeUp" : "lockedTitle")}</h1>
      {state && (
        <State is={state.is} title={state.title}>
          {state.sub}
        </State>
      )}
      {slot ? (
        <State is="counted" title={w.t("boostsCounted", { n: given.total })}>
          {entries > 0 ? w.t("entriesEarned", { n: entries }) : ""}
        </State>
      ) : (
        !state && <p class="sub">{w.t("notPlayed")}</p>
      )}
      {slot && <Own given={given} stars={stars} total={given.total} split />}
      <Board {...props} counters={counters} mine={given.star} />
    </>
  );
}

function Void({ text }: RoundProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <div class="mid stack wide center">
      <p class="eyebrow middle">{w.pick(text.title)}</p>
      <h1 class="big">{w.t("voidTitle")}</h1>
      <p class="sub">{w.t("voidSub")}</p>
    </div>
  );
}
