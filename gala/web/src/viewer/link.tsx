import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "./page.ts";
import { placeAfter } from "./scene.ts";
import { playState, reasonIn, State } from "./state.tsx";

/** No link: what is kept, what was counted, and when the next try is. Nothing here looks alive that is not. */
export function NoLink(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  return (
    <>
      <h1>{w.t("noLinkTitle")}</h1>
      <p class="sub">{w.t("noLinkSub")}</p>
      <Plays />
      <p class="shut">
        <Icon name="lock" />
        {w.t("doorsShut")}
      </p>
      <div class="push stack hand">
        <NextTry />
        <button type="button" class="btn line" data-act="try" onClick={() => evening.tryNow()}>
          {w.t("tryNow")}
        </button>
      </div>
    </>
  );
}

/** What became of the newest plays, as far as this phone knows. */
function Plays(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const zone = evening.showText()?.zone ?? "UTC";
  const plays = Object.values(evening.plays.value).slice(-4).reverse();
  return (
    <ul class="stack">
      {plays.map((play) => {
        const said = playState(w, play, zone);
        return (
          <li key={play.round}>
            <State is={said.is} title={said.title}>
              {play.title}. {said.sub}
            </State>
          </li>
        );
      })}
    </ul>
  );
}

/** The hall is full: the place in line, which falls, and how long; and that what was played is kept. */
export function FullHall(): JSX.Element {
  const { evening, words, local_ms } = usePage();
  const w = words.value;
  void evening.now_ms.value; // moves with the clock
  const { queue, next_at_ms } = evening.link.value;
  const left_ms = Math.max(0, next_at_ms - local_ms());
  const place = queue ? placeAfter(queue, left_ms) : 1;
  const played = Object.keys(evening.plays.value).length > 0;
  return (
    <>
      <div class="mid stack center" data-queue={place}>
        <h1>{w.t("fullTitle")}</h1>
        <p class="eyebrow middle">{w.t("fullPlace")}</p>
        <p class="figure num">{w.number(place)}</p>
        <p class="num">{left_ms > 0 ? w.t("fullWait", { time: w.span(Math.ceil(left_ms / 1000)) }) : w.t("fullNow")}</p>
        <p class="sub">{w.t("fullSub")}</p>
      </div>
      {played && (
        <>
          <p class="small sub">{w.t("fullKept")}</p>
          <Plays />
        </>
      )}
    </>
  );
}

function NextTry(): JSX.Element {
  const { evening, words, local_ms } = usePage();
  void evening.now_ms.value; // moves with the clock
  const { next_at_ms } = evening.link.value;
  const s = Math.max(0, Math.ceil((next_at_ms - local_ms()) / 1000));
  return (
    <p class="small sub center num">
      <Icon name="nolink" /> {next_at_ms > 0 ? words.value.t("tryingIn", { s }) : words.value.t("trying")}
    </p>
  );
}

/** The service answered, and said no. */
export function Refused(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const { reason, next_at_ms } = evening.link.value;
  if (reason.includes("pass")) {
    return (
      <>
        <div class="mid stack">
          <h1>{w.t("passTitle")}</h1>
          <p class="sub">{w.t("passSub")}</p>
        </div>
        <div class="push stack hand">
          <button type="button" class="btn go" data-act="fresh" onClick={() => evening.freshPass()}>
            {w.t("passFresh")}
          </button>
        </div>
      </>
    );
  }
  return (
    <>
      <div class="mid stack">
        <h1>{w.t("refusedTitle")}</h1>
        <p class="sub">{reasonIn(w, reason)}</p>
      </div>
      {next_at_ms > 0 && <NextTry />}
    </>
  );
}
