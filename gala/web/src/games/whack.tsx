import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "../viewer/page.ts";
import { playState, reasonIn, State } from "../viewer/state.tsx";
import { Lintel } from "../viewer/timer.tsx";
import { Field, Ways } from "./field.tsx";
import type { RoundProps } from "./game.ts";
import { added, heldOf, hitsOf, isDue, isNew, leftOutOf, merged, moveOf, type Held, type LeftOut, type Sent } from "./hits.ts";
import { readTimetable, waveAt, type Hit, type Mole, type Timetable } from "./moles.ts";
import { Practice } from "./practice.tsx";
import { Feet, Meter } from "./rail.tsx";
import { isPaused, overAt, runningMs } from "./running.ts";

/** How often it is looked whether hits are due, ms. */
const LOOK_MS = 150;
/** The last moments before it opens are spent before the doors, not in a practice. */
const COUNT_IN_MS = 3000;

/** Whack-a-mole: a practice long before it opens, nine doors while it runs, then what was counted. */
export function Whack(props: RoundProps): JSX.Element {
  const table = readTimetable(props.round.public);
  const has = heldOf(props.slot?.has);
  const own = useHits(props, table, has);
  const { evening } = usePage();
  const long = useComputed(() => props.round.opens_at_ms - evening.now_ms.value > COUNT_IN_MS);
  switch (props.phase) {
    case "soon":
      return long.value ? <Soon {...props} /> : <Play {...props} table={table} has={has} own={own} />;
    case "open":
      return <Play {...props} table={table} has={has} own={own} />;
    case "closing":
    case "locked":
    case "revealed":
      return <Ending {...props} table={table} has={has} own={own} />;
    case "void":
      return <Void {...props} />;
  }
}
Whack.rapid = true;

interface OwnHits {
  all: readonly Hit[];
  /** refused for good, and why */
  out: LeftOut;
  strike(mole: Mole, at_ms: number): void;
}

/** All hits of this phone, sent as one list about once a second and at the end of each wave. */
function useHits(props: RoundProps, table: Timetable, has: Held): OwnHits {
  const { evening, words, local_ms } = usePage();
  const hits = useSignal<readonly Hit[]>(hitsOf(props.local?.move));
  const out = useSignal<LeftOut>(new Map());
  const sent = useRef<Sent>({ hit_at_ms: hits.peek().at(-1)?.at_ms ?? -Infinity, at_ms: -Infinity });
  const now = useRef({ props, table });
  now.current = { props, table };

  const send = (): void => {
    const all = hits.peek();
    sent.current = { hit_at_ms: all.at(-1)?.at_ms ?? -Infinity, at_ms: local_ms() };
    now.current.props.play(moveOf(all), words.peek().t("hitsN", { n: all.length }));
  };
  const { local } = props;
  useEffect(() => {
    // What is refused leaves the list: the mascot may still be up, and then it can be caught after all.
    const refused = leftOutOf(local, has);
    const known = new Map([...out.peek(), ...refused]);
    for (const mole of has.moles) known.delete(mole);
    if (known.size !== out.peek().size || refused.size > 0) out.value = known;
    const good = merged(hits.peek(), hitsOf(local?.move)).filter((hit) => !refused.has(hit.mole));
    if (good.length !== hits.peek().length) hits.value = good;
  }, [local]);
  useEffect(() => {
    const look = (): void => {
      const { round } = now.current.props;
      const ran = (at_ms: number): number => runningMs(round.opens_at_ms, round.pauses, at_ms);
      const t_ms = ran(evening.at_ms());
      const last_ms = ran(hits.peek().at(-1)?.at_ms ?? 0);
      const wave = now.current.table.waves.findLast((one) => one.from_ms <= last_ms);
      const waveOver = wave !== undefined && t_ms >= wave.to_ms;
      if (isDue(hits.peek(), sent.current, local_ms(), waveOver, evening.relief.peek().gather_ms)) send();
    };
    const leaving = (): void => {
      if (document.hidden && isNew(hits.peek(), sent.current)) send();
    };
    const timer = setInterval(look, LOOK_MS);
    document.addEventListener("visibilitychange", leaving);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", leaving);
      if (isNew(hits.peek(), sent.current)) send(); // the stage moves on: what was hit is still said
    };
  }, []);
  return {
    all: hits.value,
    out: out.value,
    strike: (mole, at_ms) => (hits.value = added(hits.peek(), mole.id, at_ms)),
  };
}

function Soon({ round, text }: RoundProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <Lintel from_ms={round.opens_at_ms - 10_000} to_ms={round.opens_at_ms} label={w.t("untilOpen")} />
      <h1 class="sr">{w.pick(text.title)}</h1>
      <Practice />
    </>
  );
}

interface Playing extends RoundProps {
  table: Timetable;
  has: Held;
  own: OwnHits;
}

function Play({ round, phase, table, has, own, text, held, shut }: Playing): JSX.Element {
  const { evening, words, manners } = usePage();
  const w = words.value;
  const { opens_at_ms, pauses } = round;
  const now_ms = evening.now_ms.value;
  const still = held || isPaused(pauses, now_ms);
  const wave = waveAt(table, runningMs(opens_at_ms, pauses, now_ms));
  const closes_at_ms = round.closes_at_ms || overAt(opens_at_ms, pauses, table.length_ms);
  const coming = own.all.filter(({ mole }) => !has.moles.has(mole)).length;
  return (
    <>
      <Lintel
        from_ms={opens_at_ms}
        to_ms={closes_at_ms}
        still={still}
        label={w.t(still ? "stillClock" : wave > 0 ? "waveLeft" : "secondsLeft", { n: wave })}
      />
      <h1 class="sr">{w.pick(text.question) || w.pick(text.title)}</h1>
      <Meter counted={has.hits} coming={coming} out={own.out.size} threshold={table.threshold} />
      <Field
        table={table}
        hits={own.all}
        also={has.moles}
        opens_at_ms={opens_at_ms}
        pauses={pauses}
        at_ms={evening.at_ms}
        still={still}
        early={phase === "soon"}
        shut={shut}
        strike={own.strike}
      />
      {shut && phase !== "soon" && (
        <p class="shut small">
          <Icon name="nolink" />
          {w.t("playingClosed")}
        </p>
      )}
      <NotCounted out={own.out} />
      <div class={manners.button.value ? "stack" : "push stack"}>
        <Ways />
        {!manners.button.value && <p class="tiny center short-hide keys">{w.t("keysNote")}</p>}
      </div>
    </>
  );
}

/** Hits the service left out, and why. */
function NotCounted({ out }: { out: LeftOut }): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  if (out.size === 0) return null;
  return (
    <State is="refused" title={w.t("hitsLeftOut", { n: out.size })}>
      {[...new Set(out.values())].map((reason) => reasonIn(w, reason)).join(" ")}
    </State>
  );
}

function Ending({ phase, round, text, table, has, own, slot, local }: Playing): JSX.Element {
  const { words, evening } = usePage();
  const w = words.value;
  const waiting = local && (local.status === "sending" || local.status === "kept") ? local : null;
  const state = waiting && playState(w, waiting, evening.showText()?.zone ?? "UTC");
  const entries = phase === "revealed" ? (slot?.entries ?? 0) : 0;
  const earned = table.threshold > 0 && has.hits >= table.threshold;
  const everyone = phase === "revealed" ? everyoneOf(round.result.tally) : null;
  return (
    <>
      <p class="eyebrow middle">{w.pick(text.title)}</p>
      <h1 class="big center">{w.t("whackOver")}</h1>
      <Feet part={has.hits} whole={table.threshold}>
        <span class="n" data-counted-hits={has.hits}>
          {w.number(has.hits)}
        </span>
        <small>{earned ? w.t("entryEarned") : w.t("hitsFor", { n: has.hits, of: table.threshold })}</small>
      </Feet>
      {state && (
        <State is={state.is} title={state.title}>
          {state.sub}
        </State>
      )}
      {slot ? (
        <State is={earned ? "counted" : "late"} title={w.t("hitsCounted", { n: has.hits })}>
          {entries > 0 ? w.t("entriesEarned", { n: entries }) : w.t("thresholdWas", { n: table.threshold })}
        </State>
      ) : (
        !state && own.out.size === 0 && <p class="sub center">{w.t("notPlayed")}</p>
      )}
      <NotCounted out={own.out} />
      {everyone !== null && <p class="sub center num">{w.t("everyoneHits", { n: everyone })}</p>}
    </>
  );
}

function everyoneOf(tally: unknown): number | null {
  const hits = typeof tally === "object" && tally !== null ? (tally as Record<string, unknown>).hits : null;
  return typeof hits === "number" ? hits : null;
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
