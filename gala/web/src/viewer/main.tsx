import "../brand/tokens.css";
import "./house.css";
import "./play.css";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { en } from "../i18n/en.ts";
import { LANGUAGES, Words } from "../i18n/words.ts";
import { browserDrawer } from "../wire/drawer.ts";
import { joinEvening } from "../wire/evening.ts";
import { bell, chimeAlong } from "./chime.ts";
import { keptManners } from "./manners.ts";
import { PageContext, type Page } from "./page.ts";
import { Shell } from "./shell.tsx";

// The composition root of the phone page: the clock, chance, the address and the phone's storage enter here.
const drawer = browserDrawer();
const asked = new URLSearchParams(location.search);
const manners = keptManners(drawer, [asked.get("lang") ?? "", drawer.get("lang"), ...navigator.languages]);
const preset = { channel: asked.get("channel") ?? "", lang: manners.lang.value };
const evening = joinEvening(drawer, preset, Math.random);

const words = signal(new Words("en", en));
effect(() => {
  const lang = manners.lang.value;
  void LANGUAGES[lang].load().then((dictionary) => {
    if (manners.lang.value === lang) words.value = new Words(lang, dictionary);
  });
});
let spoken = manners.lang.value;
effect(() => {
  const lang = manners.lang.value;
  if (lang !== spoken) evening.speak(lang);
  spoken = lang;
});

const here = (): string => location.hash.slice(1) || "stage";
const place = signal(here());
addEventListener("hashchange", () => {
  place.value = here();
});
effect(() => {
  // Whoever practises is called back when it counts.
  if (place.value === "practice" && evening.show.value?.round?.state === "open") location.hash = "stage";
});
const ring = bell(manners);
chimeAlong(evening, ring);

const page: Page = { evening, words, manners, place, ring, local_ms: () => performance.now() };
const root = document.getElementById("page");
if (root === null) throw new Error("the page has no place for itself");
render(
  <PageContext.Provider value={page}>
    <Shell />
  </PageContext.Provider>,
  root,
);
