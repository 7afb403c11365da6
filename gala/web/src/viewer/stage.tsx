import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { GAMES } from "../games/index.ts";
import { Draw } from "./draw.tsx";
import { Join } from "./join.tsx";
import { FullHall, NoLink, Refused } from "./link.tsx";
import { usePage } from "./page.ts";
import { TooLate } from "./late.tsx";
import { phaseOf, placeOf, sceneOf, type Scene } from "./scene.ts";
import { Arch } from "./timer.tsx";
import { watchOf } from "./watch.ts";

/** What the show is doing, for this viewer. */
export function Stage(): JSX.Element {
  const { evening } = usePage();
  const scene = sceneOf(evening.link.value, evening.show.value, evening.mine.value);
  return SCREENS[scene]();
}

const SCREENS: Record<Scene, () => JSX.Element> = {
  joining: () => <Joining />,
  refused: () => <Refused />,
  full: () => <FullHall />,
  nolink: () => <NoLink />,
  ended: () => <Ended />,
  quiet: () => <Quiet />,
  join: () => <Join />,
  before: () => <Before />,
  wait: () => <Wait />,
  lookup: () => <LookUp />,
  round: () => <Round />,
  draw: () => <Draw />,
  countdown: () => <Countdown />,
  card: () => <Card />,
};

function Joining(): JSX.Element {
  const { words } = usePage();
  return (
    <div class="mid stack center">
      <h1>{words.value.t("joiningTitle")}</h1>
    </div>
  );
}

function Before(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const text = evening.showText();
  const starts = text?.starts_at_ms ?? 0;
  const soon = useComputed(() => starts > evening.now_ms.value);
  return (
    <>
      {soon.value && <Arch from_ms={starts - 600_000} to_ms={starts} label={w.t("untilStart")} />}
      <h1 class="center">{w.t("beforeTitle")}</h1>
      <p class="sub center">{w.t("stayNote")}</p>
      {text && <p class="eyebrow middle">{w.t("startsAt", { time: w.time(starts, text.zone) })}</p>}
      <a class="btn quiet" href="#practice">
        {w.t("practiceStart")}
      </a>
      <Seat />
    </>
  );
}

function Wait(): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <div class="mid stack center">
        <StageLight />
        <h1 class="big">{w.t("waitTitle")}</h1>
        <p class="sub">{w.t("waitSub")}</p>
      </div>
      <Seat />
    </>
  );
}

/** The stage, lit and empty: where the eyes should be. */
function StageLight(): JSX.Element {
  return (
    <svg class="stagelight" viewBox="0 0 200 150" aria-hidden="true">
      <path class="beam" d="M100 12L150 146H50z" />
      <ellipse class="beam" cx="100" cy="146" rx="50" ry="5" />
      <path class="frame" d="M14 147V86a86 76 0 0 1 172 0v61" />
      <circle class="k" cx="100" cy="10" r="7" />
    </svg>
  );
}

/** The viewer's number, which every receipt names. */
function Seat(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  return (
    <p class="note push middle">
      <Icon name="you" />
      <span>
        {w.t("yourNumber")}: <b class="num">{w.number(evening.mine.value.number)}</b>
      </span>
    </p>
  );
}

function Card(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const text = evening.segmentText();
  if (text === null) return <Wait />;
  return (
    <>
      <div class="mid stack center">
        <StageLight />
        <h1 class="big">{w.pick(text.title)}</h1>
        <p class="sub lead">{w.pick(text.card)}</p>
      </div>
      <p class="small sub center">{w.t("waitSub")}</p>
      <Seat />
    </>
  );
}

function LookUp(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const text = evening.segmentText();
  return (
    <>
      <div class="mid stack wide center">
        <svg class="up" viewBox="0 0 200 200" aria-hidden="true">
          <path d="M62 200L36 -40h128L138 200z" fill="#f7e463" opacity=".12" />
          <rect x="72" y="108" width="56" height="98" rx="11" fill="#1b0b15" stroke="#a27d92" stroke-width="4" />
          <path
            d="M100 86V30M74 54l26-28 26 28"
            fill="none"
            stroke="#f7e463"
            stroke-width="11"
            stroke-linecap="round"
            stroke-linejoin="round"
          />
        </svg>
        <h1 class="huge">{w.t("lookUp")}</h1>
        {text && <p class="sub lead">{w.pick(text.card) || w.pick(text.title)}</p>}
        <p class="sub">{w.t("lookUpSub")}</p>
      </div>
      <p class="small center quiet">
        <Icon name="moon" /> {w.t("lookUpNote")}
      </p>
    </>
  );
}

function Countdown(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const text = evening.segmentText();
  const zone = evening.showText()?.zone ?? "UTC";
  const segment = evening.show.value?.segment;
  const at_ms = segment?.countdown_at_ms ?? 0;
  const from_ms = segment?.started_at_ms ?? 0;
  const over = useComputed(() => evening.now_ms.value >= at_ms);
  return (
    <div class="mid stack wide center">
      <h1>{text ? w.pick(text.title) : ""}</h1>
      {over.value ? (
        <p class="figure now">{w.t("countdownNow")}</p>
      ) : (
        <Arch from_ms={from_ms} to_ms={at_ms} label={w.t("until", { time: w.time(at_ms, zone) })} />
      )}
      {text && <p class="sub lead">{w.pick(text.card)}</p>}
    </div>
  );
}

function Round(): JSX.Element {
  const { evening, words } = usePage();
  const round = evening.round.value;
  const held = evening.show.value?.held ?? false;
  const phase = useComputed(() => {
    const present = evening.round.value;
    return present ? phaseOf(present, evening.show.value?.held ?? false, evening.now_ms.value) : "locked";
  });
  const text = evening.segmentText();
  const Game = round === null ? undefined : GAMES[round.game];
  if (round === null || text === null || Game === undefined) return <Card />;
  const { delay_ms } = watchOf(evening);
  const slot = evening.mine.value.rounds[round.id];
  const local = evening.plays.value[round.id];
  const place = placeOf(round, phase.value, delay_ms, slot !== undefined || local !== undefined);
  if (place !== "game") return <TooLate missed={place === "missed"} />;
  return (
    <Game
      key={round.id}
      round={round}
      phase={phase.value}
      text={text}
      slot={slot}
      local={local}
      held={held}
      shut={evening.link.value.state !== "up" || phase.value === "soon"}
      delay_ms={delay_ms}
      play={(move, label) => evening.play(round.id, move, label, words.value.pick(text.title))}
    />
  );
}

/** The director has stopped everything at once: nothing to play, nothing to decide, and a word that nothing is lost. */
function Quiet(): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <div class="mid stack wide center" data-quiet>
        <StageLight />
        <h1 class="big">{w.t("quietTitle")}</h1>
        <p class="sub lead">{w.t("quietSub")}</p>
      </div>
      <div class="push stack hand">
        <a class="btn line" href="#wallet">
          <Icon name="wallet" />
          {w.t("openWallet")}
        </a>
      </div>
    </>
  );
}

function Ended(): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <div class="mid stack center">
        <h1 class="big">{w.t("endedTitle")}</h1>
        <p class="sub">{w.t("endedSub")}</p>
      </div>
      <div class="push stack hand">
        <a class="btn go" href="#wallet">
          <Icon name="wallet" />
          {w.t("openWallet")}
        </a>
        <a class="btn line" href="#check">
          <Icon name="shield" />
          {w.t("check")}
        </a>
        <a class="btn quiet" href="/bundle/">
          <Icon name="out" />
          {w.t("report")}
        </a>
      </div>
    </>
  );
}
