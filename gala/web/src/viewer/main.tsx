import "../brand/tokens.css";
import "./house.css";
import "./play.css";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { en } from "../i18n/en.ts";
import { LANGUAGES, Words } from "../i18n/words.ts";
import { browserDrawer } from "../wire/drawer.ts";
import { joinEvening } from "../wire/evening.ts";
import { readDelay } from "../wire/watching.ts";
import { work } from "../wire/work.ts";
import { bell, chimeAlong } from "./chime.ts";
import { hearHost } from "./host.ts";
import { askPass, Identity, takeToken } from "./identity.ts";
import { keptClap, keptManners } from "./manners.ts";
import { PageContext, type Page } from "./page.ts";
import { Shell } from "./shell.tsx";

// The composition root of the phone page: the clock, chance, the address and the phone's storage enter here.
const drawer = browserDrawer();
const asked = new URLSearchParams(location.search);
const manners = keptManners(drawer, [asked.get("lang") ?? "", drawer.get("lang"), ...navigator.languages]);
const preset = { channel: asked.get("channel") ?? "", own_ms: readDelay(asked.get("delay_ms")) };
const evening = joinEvening(drawer, { ...preset, lang: manners.lang.value }, Math.random, work);
const waited = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const identity = new Identity(drawer, evening.become, (token) => askPass(token, waited));
const token = takeToken(location, history);
if (token) void identity.join(token);
effect(() => {
  // Once something else is chosen the address must not say the old thing again at the next load.
  const { channel, own_ms } = evening.watching.value;
  const same = (preset.channel === "" || channel === preset.channel) && (preset.own_ms === null || own_ms === preset.own_ms);
  if (same || !(asked.has("channel") || asked.has("delay_ms"))) return;
  asked.delete("channel");
  asked.delete("delay_ms");
  const rest = asked.toString();
  history.replaceState(history.state, "", `${location.pathname}${rest && `?${rest}`}${location.hash}`);
});

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
  const another = takeToken(location, history); // the app opened this very tab once more
  if (another) void identity.join(another);
  place.value = here();
});
effect(() => {
  // Whoever practises is called back when it counts.
  if (place.value === "practice" && evening.round.value?.state === "open") location.hash = "stage";
});
const ring = bell(manners);
chimeAlong(evening, ring);

const ready = hearHost({
  own: window,
  channels: () => evening.showText()?.channels.map((one) => one.id) ?? null,
  channel: () => evening.watching.value.channel,
  tune: evening.tune,
  join: (said) => identity.join(said),
});
const known = effect(() => {
  if (evening.showText() === null) return;
  queueMicrotask(() => {
    known(); // once
    ready();
  });
});

const title = (round: string): string => evening.plays.value[round]?.title || (round.split("/")[1] ?? round);
const prove: Page["prove"] = async (mine) => (await import("./proofs.ts")).report(mine, { pass: drawer.get("pass"), title });
const page: Page = { evening, words, manners, clap: keptClap(drawer), place, identity, ring, prove, local_ms: () => performance.now() };
const root = document.getElementById("page");
if (root === null) throw new Error("the page has no place for itself");
render(
  <PageContext.Provider value={page}>
    <Shell />
  </PageContext.Provider>,
  root,
);
