import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "./page.ts";
import { playState, reasonIn, State } from "./state.tsx";

/** No link: what is kept, what was counted, and when the next try is. Nothing here looks alive that is not. */
export function NoLink(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const zone = evening.showText()?.zone ?? "UTC";
  const plays = Object.values(evening.plays.value).slice(-4).reverse();
  return (
    <>
      <h1>{w.t("noLinkTitle")}</h1>
      <p class="sub">{w.t("noLinkSub")}</p>
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
  const full = reason === "hall_full";
  return (
    <>
      <div class="mid stack">
        <h1>{w.t(full ? "fullTitle" : "refusedTitle")}</h1>
        <p class="sub">{full ? w.t("fullSub") : reasonIn(w, reason)}</p>
      </div>
      {next_at_ms > 0 && <NextTry />}
    </>
  );
}
