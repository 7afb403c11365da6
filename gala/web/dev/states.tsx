import "../src/brand/tokens.css";
import "../src/viewer/house.css";
import "../src/viewer/play.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { chooseLang, LANGUAGES, Words } from "../src/i18n/words.ts";
import type { Evening } from "../src/wire/evening.ts";
import { PageContext, type Manners, type Page } from "../src/viewer/page.ts";
import { Shell } from "../src/viewer/shell.tsx";
import { MOMENTS, NOW_MS } from "./fixtures.ts";

const asked = new URLSearchParams(location.search);
const moment = MOMENTS[asked.get("state") ?? "poll-two"];
if (!moment) throw new Error("no such state");
const lang = chooseLang([asked.get("lang") ?? "en"]);
const nothing = (): void => undefined;
const evening: Evening = {
  link: signal({ state: "up", reason: "", tries: 0, next_at_ms: 0, ...moment.link }),
  show: signal(moment.show),
  mine: signal(moment.mine),
  tally: signal(moment.tally),
  plays: signal(moment.plays),
  seat: signal({ asking: false, reason: "", next_at_ms: 0, ...moment.seat }),
  channel: signal(moment.channel ?? ""),
  now_ms: signal(NOW_MS),
  at_ms: () => NOW_MS,
  showText: () => moment.showText,
  segmentText: () => moment.segmentText,
  enter: nothing,
  play: nothing,
  tune: nothing,
  speak: nothing,
  tryNow: nothing,
  freshPass: nothing,
};
const manners: Manners = {
  lang: signal(lang),
  hand: signal(asked.get("hand") === "left" ? "left" : "right"),
  sound: signal(false),
  calm: signal(asked.get("calm") !== "0"),
  button: signal(asked.get("button") === "1"),
  vibration: signal(false),
};
const words = signal(new Words(lang, await LANGUAGES[lang].load()));
const page: Page = { evening, words, manners, place: signal(moment.place ?? "stage"), ring: nothing, local_ms: () => 0 };
Object.assign(window, { STATES: Object.keys(MOMENTS) });
const root = document.getElementById("page");
if (root === null) throw new Error("no page");
render(
  <PageContext.Provider value={page}>
    <Shell />
  </PageContext.Provider>,
  root,
);
