import "../src/brand/tokens.css";
import "../src/viewer/house.css";
import "../src/viewer/play.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { chooseLang, LANGUAGES, Words } from "../src/i18n/words.ts";
import type { Evening } from "../src/wire/evening.ts";
import { PageContext, type Manners, type Page } from "../src/viewer/page.ts";
import type { Report } from "../src/viewer/report.ts";
import { Shell } from "../src/viewer/shell.tsx";
import { NONE } from "../src/wire/relief.ts";
import { MOMENTS, NOW_MS, type Moment } from "./fixtures.ts";

const nothing = (): void => undefined;

function eveningOf(moment: Moment): Evening {
  return {
    link: signal({ state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null, ...moment.link }),
    show: signal(moment.show),
    mine: signal(moment.mine),
    tally: signal(moment.tally),
    plays: signal(moment.plays),
    relief: signal({ ...NONE, ...moment.relief }),
    seat: signal({ asking: false, reason: "", next_at_ms: 0, ...moment.seat }),
    watching: signal({ channel: moment.channel ?? "", own_ms: moment.own_ms ?? null }),
    taken: signal(null),
    round: signal(moment.show?.round ?? null),
    now_ms: signal(NOW_MS),
    at_ms: () => NOW_MS,
    showText: () => moment.showText,
    segmentText: () => moment.segmentText,
    enter: nothing,
    play: nothing,
    tune: () => Promise.resolve(null),
    claim: () => Promise.resolve(null),
    look: nothing,
    speak: nothing,
    tryNow: nothing,
    freshPass: nothing,
    become: nothing,
  };
}

/** Draws one state; `ways` names `calm` and `button` as this viewer wants them. Tests call it again and again without loading the page anew. */
async function draw(state: string, wish: string, hand: string, ways = "calm"): Promise<void> {
  const moment = MOMENTS[state];
  const root = document.getElementById("page");
  if (!moment || !root) throw new Error(`no such state: ${state}`);
  const lang = chooseLang([wish]);
  const manners: Manners = {
    lang: signal(lang),
    hand: signal(hand === "left" ? "left" : "right"),
    sound: signal(false),
    calm: signal(ways.includes("calm")),
    button: signal(ways.includes("button")),
    vibration: signal(false),
  };
  const words = signal(new Words(lang, await LANGUAGES[lang].load()));
  const place = signal(moment.place ?? "stage");
  const clap = signal({ asked_at_ms: moment.show?.clap?.asked_at_ms ?? 0, tap_ms: moment.tap_ms ?? 0, done: moment.done ?? "" });
  const identity = { state: signal(moment.account ?? ""), decide: nothing };
  const prove = (): Promise<Report> => (moment.report ? Promise.resolve(moment.report) : new Promise(nothing));
  const page: Page = { evening: eveningOf(moment), words, manners, clap, place, identity, ring: nothing, prove, local_ms: () => 0 };
  render(null, root);
  render(
    <PageContext.Provider value={page}>
      <Shell />
    </PageContext.Provider>,
    root,
  );
}

const asked = new URLSearchParams(location.search);
await draw(asked.get("state") ?? "poll-two", asked.get("lang") ?? "en", asked.get("hand") ?? "right", asked.get("ways") ?? "calm");
Object.assign(window, { STATES: Object.keys(MOMENTS), draw });
