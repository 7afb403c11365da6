import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import type { Words } from "../i18n/words.ts";
import type { DrawView, Standing, VoucherView } from "../protocol.gen.ts";
import { Figures } from "../viewer/draw.tsx";
import { usePage } from "../viewer/page.ts";
import { phaseOf } from "../viewer/scene.ts";
import { playState, State } from "../viewer/state.tsx";
import { Lintel } from "../viewer/timer.tsx";
import type { Evening } from "../wire/evening.ts";
import { envelopeOf, FALLS_S, oddsOf, opensAt, sealOf, SKY, type Envelope } from "./envelope.ts";
import type { RoundProps } from "./game.ts";
import { usePress } from "./press.ts";
import { isPaused } from "./running.ts";
import "./rain.css";

/** So many stand still where nothing may move. */
const STANDING = [1, 2, 3, 4, 5, 6] as const;

const stillness = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The red-envelope rain: envelopes in the air, then one sealed, then what was in it. */
export function Rain(props: RoundProps): JSX.Element {
  const { evening } = usePage();
  const draw = evening.show.value?.draw ?? null;
  const envelope = envelopeOf(props.phase, props.slot, props.local, draw, evening.mine.value);
  switch (envelope.is) {
    case "fall":
      return <Fall {...props} draw={draw} />;
    case "sealed":
      return <Sealed {...props} draw={draw} />;
    case "opened":
      return <Opened draw={draw} {...envelope} />;
    case "empty":
      return <Empty draw={draw} {...envelope} />;
    case "over":
    case "elsewhere":
    case "void":
      return <Over {...props} is={envelope.is} draw={draw} />;
  }
}
Rain.rapid = true;
/** What a change is called to whoever does not see it: the heading of what is shown. */
Rain.say = (evening: Evening, w: Words): string => {
  const { round, mine, plays } = { round: evening.round.value, mine: evening.mine.value, plays: evening.plays.value };
  if (!round) return "";
  const phase = phaseOf(round, evening.show.value?.held ?? false, evening.now_ms.value);
  const envelope = envelopeOf(phase, mine.rounds[round.id], plays[round.id], evening.show.value?.draw ?? null, mine);
  const text = evening.segmentText();
  if (envelope.is === "fall") return text ? w.pick(text.question) || w.pick(text.title) : "";
  if (envelope.is === "opened") return `${w.t("yours")}: ${w.money(envelope.voucher.face_minor, envelope.voucher.currency)}`;
  const counted = mine.rounds[round.id] !== undefined || plays[round.id]?.status === "counted";
  return envelope.is === "sealed" && !counted ? w.t("notYet") : heading(envelope, w);
};

function heading(envelope: Envelope, w: Words): string {
  switch (envelope.is) {
    case "sealed":
      return w.t("haveOne");
    case "empty":
      return w.t("noneLeft");
    case "void":
      return w.t("voidTitle");
    default:
      return w.t("rainOver");
  }
}

type WithDraw = RoundProps & { draw: DrawView | null };

function Fall(props: WithDraw): JSX.Element {
  const { round, phase, text, held, shut, local, draw, play } = props;
  const { evening, words, manners } = usePage();
  const w = words.value;
  const still = manners.calm.value || stillness();
  const waits = held || isPaused(round.pauses, evening.now_ms.value);
  const dead = shut || waits || phase === "soon";
  const grab = (): void => {
    if (dead) return;
    if (manners.vibration.peek() && !still) navigator.vibrate?.(30);
    play({}, words.peek().t("envelopeMine"));
  };
  const press = usePress(grab);
  const label = w.t(waits ? "stillClock" : "rainLeft");
  const refused = local?.status === "refused" ? playState(w, local, evening.showText()?.zone ?? "UTC") : null;
  return (
    <>
      {!still && <Sky opens_at_ms={round.opens_at_ms} still={waits} grab={grab} />}
      <div class={still ? "" : "rainclock"}>
        {round.closes_at_ms > 0 && <Lintel from_ms={round.opens_at_ms} to_ms={round.closes_at_ms} still={waits} label={label} />}
      </div>
      {still && (
        <>
          <h1>{w.t("rainStill")}</h1>
          <div class="standing">
            {STANDING.map((n) => (
              <Upright key={n} n={n} dead={dead} grab={grab} />
            ))}
          </div>
        </>
      )}
      <div class={still ? "push stack" : "push stack rainfoot"}>
        {!still && <h1 class="center">{w.pick(text.question) || w.pick(text.title)}</h1>}
        {refused && (
          <State is={refused.is} title={refused.title}>
            {refused.sub}
          </State>
        )}
        {still && (
          <p class="note short-hide">
            <Icon name="calm" />
            <span>{w.t("rainCalmNote")}</span>
          </p>
        )}
        <button type="button" class={manners.button.value ? "btn go catch" : "btn go"} data-act="grab" disabled={dead} {...press}>
          {w.t(still ? "takeOne" : "catchNearest")}
        </button>
        <Odds draw={draw} />
        {!still && <p class="tiny center">{w.t("rainFair")}</p>}
        {evening.mine.value.number < 0 && <p class="note">{w.t("seatFirst")}</p>}
      </div>
    </>
  );
}

/** Envelopes in the air, from the moment it opens on this picture. Screen readers and keys have the button. */
function Sky({ opens_at_ms, still, grab }: { opens_at_ms: number; still: boolean; grab: () => void }): JSX.Element {
  const { evening } = usePage();
  const since_s = useMemo(() => (evening.at_ms() - opens_at_ms) / 1000, [opens_at_ms]);
  return (
    <div class={still ? "rain still" : "rain"} aria-hidden="true" data-sky>
      {SKY.map(({ across, enters_s, wide, tilt }, n) => (
        <span
          key={n}
          class="env"
          style={{
            "inset-inline-start": `${across}%`,
            "--w": `${wide}px`,
            "--r": `${tilt}deg`,
            "--t": `${FALLS_S}s`,
            "--d": `${enters_s - since_s}s`,
          }}
          onPointerDown={grab}
        />
      ))}
    </div>
  );
}

function Upright({ n, dead, grab }: { n: number; dead: boolean; grab: () => void }): JSX.Element {
  const { words } = usePage();
  const press = usePress(grab);
  return <button type="button" class="env" aria-label={words.value.t("envelopeN", { n })} disabled={dead} {...press} />;
}

/** How many there are and what is in them: said before, while and after they fall. */
function Odds({ draw }: { draw: DrawView | null }): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  const odds = oddsOf(draw?.prizes ?? []);
  if (odds === null) return null;
  const least = w.money(odds.least, odds.currency);
  const most = w.money(odds.most, odds.currency);
  return (
    <p class="tiny center num" data-odds>
      {w.t("envelopeOdds", { count: odds.count, least, most })}
    </p>
  );
}

function Sealed(props: WithDraw): JSX.Element {
  const { round, slot, local, draw, delay_ms, held } = props;
  const { evening, words } = usePage();
  const w = words.value;
  const opens_at_ms = opensAt(draw, delay_ms);
  const seal = useComputed(() => sealOf(opensAt(evening.show.value?.draw ?? null, delay_ms), evening.now_ms.value)).value;
  const waiting = slot === undefined && local && local.status !== "counted" ? local : null;
  const state = waiting && playState(w, waiting, evening.showText()?.zone ?? "UTC");
  const closes_at_ms = round.closes_at_ms;
  const drawn = draw?.state === "drawn";
  return (
    <>
      {opens_at_ms > 0 && seal === "sealed" && !drawn ? (
        <Lintel from_ms={Math.min(closes_at_ms || opens_at_ms, opens_at_ms - 30_000)} to_ms={opens_at_ms} label={w.t("untilOpens")} still={held} />
      ) : (
        <p class="eyebrow middle">
          <Icon name="clock" />
          {w.t(seal === "late" && !drawn ? "sealedLate" : seal === "opening" || drawn ? "openingNow" : "opensSoon")}
        </p>
      )}
      <div class="mid stack wide center">
        <div class={waiting ? "gift waiting" : "gift"} data-gift="sealed" aria-hidden="true" />
        <h1>{w.t(waiting ? "notYet" : "haveOne")}</h1>
        <p class="sub">{w.t(seal === "late" && !drawn ? "sealedLateSub" : "haveOneSub")}</p>
      </div>
      <div class="push stack">
        {state ? (
          <State is={state.is} title={state.title}>
            {state.sub}
          </State>
        ) : (
          <State is="counted" title={w.t("countedLabel", { label: w.t("envelopeMine") })}>
            {w.t("rainFair")}
          </State>
        )}
        <Hands draw={draw} />
        <Odds draw={draw} />
      </div>
    </>
  );
}

/** How many hold one: while it rains as far as it is told, then those the draw is over. */
function Hands({ draw }: { draw: DrawView | null }): JSX.Element | null {
  const { evening, words } = usePage();
  const round = evening.round.value;
  const tally = evening.tally.value;
  const live = tally && tally.round === round?.id ? Number(tally.counters.voters ?? 0) : 0;
  const hands = draw?.entrants || live;
  return hands > 0 ? <p class="sub center num">{words.value.t("hands", { n: hands })}</p> : null;
}

interface DealtProps {
  draw: DrawView | null;
  standing: Standing;
}

/** What was in it. The paper comes out of the envelope, once. */
function Opened({ draw, voucher, standing }: DealtProps & { voucher: VoucherView }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const money = w.money(voucher.face_minor, voucher.currency);
  const from = w.moment(voucher.valid_from_at_ms, voucher.zone);
  const to = w.moment(voucher.valid_until_at_ms, voucher.zone);
  return (
    <>
      <h1 class="sr">{w.t("envelopeMine")}</h1>
      <div class="gift open" data-gift="opened">
        <div class="paper">
          <span class="strong">{w.t("yours")}</span>
          <b class="num" data-amount={voucher.face_minor} style={{ "--long": money.length }}>
            {money}
          </b>
          {voucher.rehearsal && <span class="small">{w.t("testMoney")}</span>}
        </div>
        <div class="lip" aria-hidden="true" />
        <p class="place num">{w.t("rankOf", { n: standing.rank, of: standing.entrants })}</p>
      </div>
      <State is="counted" title={w.t("finalTitle")}>
        {w.t("fromTo", { from, to })} · {voucher.zone}
      </State>
      <div class="stack hand">
        <a class="btn go" href="#wallet">
          <Icon name="wallet" />
          {w.t("openWallet")}
        </a>
        {draw && <Figures draw={draw} standing={standing} />}
      </div>
    </>
  );
}

function Empty({ draw, standing }: DealtProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const odds = oddsOf(draw?.prizes ?? []);
  return (
    <>
      <div class="mid stack wide center">
        <div class="gift spent" data-gift="empty" aria-hidden="true" />
        <h1 class="big">{w.t("noneLeft")}</h1>
        <p class="sub num">{w.t("noneLeftSub", { hands: standing.entrants, count: odds?.count ?? 0 })}</p>
        <p class="sub">{w.t("noneLeftFair")}</p>
      </div>
      <div class="push stack hand">{draw && <Figures draw={draw} standing={standing} />}</div>
    </>
  );
}

function Over({ is, draw, local }: WithDraw & { is: "over" | "elsewhere" | "void" }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  // who caught one that came too late has not "caught none"
  const refused = is === "over" && local?.status === "refused" ? playState(w, local, evening.showText()?.zone ?? "UTC") : null;
  const said = { over: "rainNone", elsewhere: "rainElsewhere", void: "voidSub" } as const;
  return (
    <>
      <div class="mid stack wide center">
        <div class="gift spent" aria-hidden="true" />
        <h1 class="big">{w.t(is === "void" ? "voidTitle" : "rainOver")}</h1>
        {refused ? (
          <State is={refused.is} title={refused.title}>
            {refused.sub}
          </State>
        ) : (
          <p class="sub">{w.t(said[is])}</p>
        )}
      </div>
      <div class="push stack">
        {is === "over" && <Hands draw={draw} />}
        {is !== "void" && <Odds draw={draw} />}
      </div>
    </>
  );
}
