import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "../brand/icons.tsx";
import { Mark } from "../brand/mark.tsx";
import type { Key } from "../i18n/en.ts";
import { Announcer } from "./announcer.tsx";
import { ClapCard } from "./clapcard.tsx";
import { Envelopes } from "./envelopes.tsx";
import { usePage } from "./page.ts";
import { sceneOf } from "./scene.ts";
import { Stage } from "./stage.tsx";
import { State } from "./state.tsx";
import { PracticePlace, Rules, You } from "./you.tsx";
import { shelfOf, VoucherPage, Wallet } from "./wallet.tsx";

/** The whole page: name, link and sound on top; the place one is at; tabs at the bottom. */
export function Shell(): JSX.Element {
  const { evening, words, manners, place } = usePage();
  const main = useRef<HTMLElement>(null);
  const at = place.value;
  const scene = sceneOf(evening.link.value, evening.show.value, evening.mine.value);
  const dim = at === "stage" && (scene === "lookup" || scene === "quiet");

  useSignalEffect(() => {
    const root = document.documentElement;
    root.lang = words.value.lang;
    root.dir = words.value.dir;
    root.dataset.hand = manners.hand.value;
    root.dataset.calm = String(manners.calm.value);
    const name = evening.showText()?.name;
    document.title = name ? words.value.pick(name) : "Gala";
  });
  const first = useRef(true);
  useEffect(() => {
    // A link inside the page moves the reader too; the first screen leaves the focus where it is.
    if (!first.current) {
      main.current?.focus();
      scrollTo(0, 0);
    }
    first.current = false;
  }, [at]);

  return (
    <div class={dim ? "phone dim" : "phone"} data-scene={scene} data-link={evening.link.value.state}>
      <header>
        <Top />
        <Banners />
        <Envelopes />
        <ClapCard />
      </header>
      <main ref={main} tabIndex={-1} key={at} data-place={at}>
        <Place at={at === "practice" && scene === "quiet" ? "stage" : at} />
      </main>
      <Dock />
      <Announcer scene={scene} />
    </div>
  );
}

function Place({ at }: { at: string }): JSX.Element {
  if (at === "wallet") return <Wallet />;
  if (at.startsWith("voucher/")) return <VoucherPage id={decodeURIComponent(at.slice("voucher/".length))} />;
  if (at === "you") return <You />;
  if (at === "rules") return <Rules />;
  if (at === "practice") return <PracticePlace />;
  if (at === "check") return <CheckPlace />;
  return <Stage />;
}

/** What checks is as large as half of the page, and few ask for it: it is loaded when somebody does. */
function CheckPlace(): JSX.Element {
  const { words } = usePage();
  const held = useSignal<{ Checking: () => JSX.Element } | "away" | null>(null);
  useEffect(() => {
    import("./checking.tsx").then(
      (loaded) => (held.value = loaded),
      () => (held.value = "away"),
    );
  }, []);
  if (held.value === "away") return <State is="offline" title={words.value.t("checkAway")} />;
  if (held.value) return <held.value.Checking />;
  return (
    <>
      <h1>{words.value.t("check")}</h1>
      <State is="pending" title={words.value.t("checkWorking")} />
    </>
  );
}

const LINK_WORDS: Record<string, Key> = { joining: "linkJoining", up: "linkUp", down: "linkDown", refused: "linkDown" };

function Top(): JSX.Element {
  const { evening, words, manners } = usePage();
  const w = words.value;
  const text = evening.showText();
  const { state } = evening.link.value;
  const up = state === "up";
  const sound = manners.sound.value;
  return (
    <div class="top">
      <a class="mark" href="#stage">
        <Mark />
        <span>{text ? w.pick(text.name) : "Gala"}</span>
      </a>
      <span class={up ? "chip" : "chip off"}>
        <Icon name={up ? "link" : "nolink"} />
        {w.t(LINK_WORDS[state] ?? "linkDown")}
      </span>
      <button
        type="button"
        class="ib"
        aria-label={w.t(sound ? "soundOn" : "soundOff")}
        onClick={() => (manners.sound.value = !sound)}
      >
        <Icon name={sound ? "sound" : "mute"} />
      </button>
    </div>
  );
}

const LEVELS: Record<number, Key> = { 1: "level1", 3: "level3", 4: "level4", 5: "level5" };

function Banners(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const show = evening.show.value;
  const level = LEVELS[evening.relief.value.level];
  return (
    <>
      {show?.rehearsal && (
        <p class="banner practice" data-banner="rehearsal">
          <Icon name="practice" />
          {w.t("rehearsal")}
        </p>
      )}
      {show?.held && !show.quiet && (
        <p class="banner" data-banner="held">
          <Icon name="pause" />
          <span>
            <b>{w.t("held")}.</b> {w.t("heldSub")}
          </span>
        </p>
      )}
      <Account />
      {level && (
        <p class="banner" data-banner="level" data-level={evening.relief.value.level}>
          <Icon name="info" />
          {w.t(level)}
        </p>
      )}
    </>
  );
}

/** What is to be said about the host app's account. */
function Account(): JSX.Element | null {
  const { identity, words } = usePage();
  const w = words.value;
  const state = identity.state.value;
  if (state === "") return null;
  return (
    <div class="banner account" data-banner="account" role="alert">
      <Icon name="you" />
      {state === "refused" ? (
        <span class="ask">{w.t("accountRefused")}</span>
      ) : (
        <>
          <span class="ask">
            <b>{w.t("accountAsks")}</b> {w.t("accountAsksSub")}
          </span>
          <span class="ways">
            <button type="button" class="btn go" data-act="account" onClick={() => identity.decide(true)}>
              {w.t("accountYes")}
            </button>
            <button type="button" class="btn line" data-act="stay" onClick={() => identity.decide(false)}>
              {w.t("accountNo")}
            </button>
          </span>
        </>
      )}
    </div>
  );
}

const TABS: readonly { to: string; icon: IconName & Key }[] = [
  { to: "stage", icon: "stage" },
  { to: "wallet", icon: "wallet" },
  { to: "you", icon: "you" },
];

function Dock(): JSX.Element {
  const { evening, words, place } = usePage();
  const w = words.value;
  const count = evening.mine.value.vouchers.filter((one) => shelfOf(one, evening.now_ms.value) !== "done").length;
  const here = place.value.startsWith("voucher/") ? "wallet" : place.value;
  return (
    <nav class="dock" aria-label={w.t("sections")}>
      {TABS.map(({ to, icon }) => (
        <a href={`#${to}`} key={to} aria-current={here === to ? "page" : undefined}>
          <Icon name={icon} />
          {w.t(icon)}
          {to === "wallet" && count > 0 && <b>{w.number(count)}</b>}
        </a>
      ))}
    </nav>
  );
}
