import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { GAMES } from "../games/index.ts";
import type { Words } from "../i18n/words.ts";
import type { Evening } from "../wire/evening.ts";
import { clapAsked, clapFinding } from "./clapcard.tsx";
import { sayEnvelope } from "./envelopes.tsx";
import { usePage, type Page } from "./page.ts";
import { phaseOf, placeOf, type Scene } from "./scene.ts";
import { playState } from "./state.tsx";
import { tenths, watchOf } from "./watch.ts";

/** What has changed, said once and politely to whoever does not see it: the phase, what became of a play, a result. */
export function Announcer({ scene }: { scene: Scene }): JSX.Element {
  const page = usePage();
  const { evening, words } = page;
  const said = useComputed(() => sayScene(scene, evening, words.value));
  const clap = useComputed(() => sayClap(page));
  const envelope = useComputed(() => sayEnvelope(evening, words.value));
  const soon = useComputed(() => {
    const round = evening.round.value;
    const left = round?.state === "open" ? round.closes_at_ms - evening.now_ms.value : 0;
    return left > 4000 && left <= 10_000;
  });
  return (
    <div class="sr" aria-live="polite" aria-atomic="true">
      <p>{said.value}</p>
      <p>{soon.value ? words.value.t("tenSeconds") : ""}</p>
      <p>{clap.value}</p>
      <p>{envelope.value}</p>
      <p>{graveWords(evening, words.value)}</p>
    </div>
  );
}

/** Of the levels those that change what becomes of a play; the others are to be read, and interrupt nobody. */
function graveWords(evening: Evening, w: Words): string {
  const { level } = evening.relief.value;
  return level === 4 ? w.t("level4") : level === 5 ? w.t("level5") : "";
}

function sayClap(page: Page): string {
  const w = page.words.value;
  const clap = clapAsked(page);
  if (clap === null) return "";
  const finding = clapFinding(page, clap);
  switch (finding.is) {
    case "ask":
      return `${w.t("clapTitle")} ${w.t("clapAsk")}`;
    case "waiting":
      return w.t("clapHave");
    case "early":
      return w.t("clapEarly");
    case "far":
      return w.t("clapFar", { s: tenths(finding.delay_ms) });
    case "found":
      return `${w.t("clapFound")} ${w.t("seconds", { s: tenths(finding.delay_ms) })} ${w.t("behindShort")}`;
  }
}

function sayScene(scene: Scene, evening: Evening, w: Words): string {
  switch (scene) {
    case "full":
      return `${w.t("fullTitle")} ${w.t("fullSub")}`;
    case "nolink":
      return w.t("noLinkTitle");
    case "ended":
      return w.t("endedTitle");
    case "quiet":
      return `${w.t("quietTitle")} ${w.t("quietSub")}`;
    case "round":
      return sayRound(evening, w);
    case "draw":
      return sayDraw(evening, w);
    case "lookup":
      return w.t("lookUp");
    case "card":
    case "countdown":
      return w.pick(evening.segmentText()?.title ?? {});
    default:
      return "";
  }
}

function sayRound(evening: Evening, w: Words): string {
  const text = evening.segmentText();
  const round = evening.round.value;
  if (!round || !text) return "";
  const phase = phaseOf(round, evening.show.value?.held ?? false, evening.now_ms.value);
  const { delay_ms } = watchOf(evening);
  const played = round.id in evening.plays.value || round.id in evening.mine.value.rounds;
  const place = placeOf(round, phase, delay_ms, played);
  if (place !== "game") return w.t(place === "watch" ? "watchTitle" : "missedTitle");
  const play = evening.plays.value[round.id];
  const own = GAMES[round.game]?.say;
  if (own && phase !== "soon") return own(evening, w);
  const told = play ? playState(w, play, evening.showText()?.zone ?? "UTC") : null;
  switch (phase) {
    case "soon":
      return `${w.t("getReady")} ${w.pick(text.title)}`;
    case "open":
      if (play && GAMES[round.game]?.rapid && play.status !== "refused" && play.status !== "kept") return w.pick(text.title);
      return told ? `${told.title}. ${told.sub}` : w.pick(text.question) || w.pick(text.title);
    case "closing":
    case "locked":
      return w.t("lockedTitle");
    case "void":
      return w.t("voidTitle");
    case "revealed": {
      const entries = evening.mine.value.rounds[round.id]?.entries ?? 0;
      const winner = text.choices[String(round.result.outcome ?? "")];
      const what = winner ? w.t("won", { label: w.pick(winner.label) }) : w.t("resultTitle");
      return entries > 0 ? `${what} ${w.t("rightTitle", { n: entries })}` : what;
    }
  }
}

function sayDraw(evening: Evening, w: Words): string {
  const draw = evening.show.value?.draw;
  switch (draw?.state) {
    case "armed":
      return w.t("drawArmed");
    case "frozen":
      return w.t("drawFrozen");
    case "drawn":
      return w.t("drawDrawn");
    case "announced": {
      const standing = evening.mine.value.draws.find((one) => one.draw === draw.draw);
      return w.t(standing?.won ? "youWon" : "notThisTime");
    }
    default:
      return "";
  }
}
