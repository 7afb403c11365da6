import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { usePress } from "../games/press.ts";
import type { ClapView } from "../protocol.gen.ts";
import { findingOf, isAsked, memoryOf, type ClapMemory, type Finding } from "./clap.ts";
import { usePage, type Page } from "./page.ts";
import { phaseOf } from "./scene.ts";
import { State } from "./state.tsx";
import { tenths, watchOf } from "./watch.ts";

/** The clap that viewers are asked for at this instant, null for none. Read inside components. */
export function clapAsked({ evening, clap }: Page): ClapView | null {
  const show = evening.show.value;
  if (!show?.clap || show.quiet || show.phase === "ended") return null;
  if (memoryOf(show.clap, clap.value).done === "dismissed") return null;
  return isAsked(show.clap, evening.now_ms.value) ? show.clap : null;
}

/** What the tap says by now. Read inside components. */
export function clapFinding(page: Page, clap: ClapView): Finding {
  return findingOf(memoryOf(clap, page.clap.value).tap_ms, clap, watchOf(page.evening).channel_ms);
}

/** Above the stage while the host claps: one tap finds how late this picture is. Never over a game that runs. */
export function ClapCard(): JSX.Element | null {
  const page = usePage();
  const { evening, clap: kept, place, words } = page;
  const asked = useComputed(() => clapAsked(page));
  const busy = useComputed(() => {
    const round = evening.round.value;
    if (round === null || place.value !== "stage") return false;
    const phase = phaseOf(round, evening.show.value?.held ?? false, evening.now_ms.value);
    return phase === "soon" || phase === "open";
  });
  const clap = asked.value;
  if (clap === null) return null;
  const memory = memoryOf(clap, kept.value);
  const keep = (more: Partial<ClapMemory>): void => {
    kept.value = { ...memoryOf(clap, kept.peek()), ...more };
  };
  const finding = clapFinding(page, clap);
  return (
    <section class={busy.value || memory.done === "used" ? "clap slim" : "clap"} aria-label={words.value.t("clapTitle")} data-clap={memory.done || finding.is}>
      {memory.done === "used" ? (
        <Used close={() => keep({ done: "dismissed" })} />
      ) : (
        <Asking
          finding={finding}
          tap={() => keep({ tap_ms: Math.round(evening.at_ms()) })}
          use={() => {
            keep({ done: "used" });
            void evening.tune({ ...evening.watching.peek(), own_ms: finding.delay_ms });
          }}
          close={() => keep({ done: "dismissed" })}
        />
      )}
    </section>
  );
}

interface AskingProps {
  finding: Finding;
  tap(): void;
  use(): void;
  close(): void;
}

function Asking({ finding, tap, use, close }: AskingProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const press = usePress(tap);
  const found = finding.is === "found";
  return (
    <>
      <Words finding={finding} />
      {found && (
        <button type="button" class="btn go" data-act="use" onClick={use}>
          {w.t("clapUse")}
        </button>
      )}
      <div class="row acts">
        <button type="button" class={finding.is === "ask" ? "btn go tapclap" : "btn line"} data-act="clap" {...press}>
          <Icon name="hand" />
          {w.t(finding.is === "ask" ? "clapTap" : "clapAgain")}
        </button>
        <button type="button" class="btn quiet" data-act="not-now" onClick={close}>
          {w.t("clapNot")}
        </button>
      </div>
    </>
  );
}

function Words({ finding }: { finding: Finding }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  switch (finding.is) {
    case "ask":
      return (
        <p>
          <b class="lead-in">{w.t("clapTitle")}</b>
          <span class="sub">{w.t("clapAsk")}</span>
        </p>
      );
    case "waiting":
      return <State is="pending" title={w.t("clapHave")}>{w.t("clapHaveSub")}</State>;
    case "early":
      return <State is="late" title={w.t("clapEarly")}>{w.t("clapAsk")}</State>;
    case "far": {
      const { channel } = watchOf(evening);
      const name = channel ? w.pick(channel.name) : "";
      return (
        <State is="late" title={w.t("clapFar", { s: tenths(finding.delay_ms) })}>
          {w.t("clapFarSub", { channel: name })}
        </State>
      );
    }
    case "found":
      return (
        <p class="center">
          <span class="sub">{w.t("clapFound")}</span> <b class="figure num">{w.t("seconds", { s: tenths(finding.delay_ms) })}</b>{" "}
          <span class="sub">{w.t("behindShort")}</span>
        </p>
      );
  }
}

function Used({ close }: { close: () => void }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  return (
    <>
      <State is="counted" title={w.t("clapSet", { s: tenths(watchOf(evening).delay_ms) })}>
        <a class="inline" href="#you">
          {w.t("clapChange")}
        </a>
      </State>
      <div class="row acts">
        <button type="button" class="btn quiet" data-act="not-now" onClick={close}>
          {w.t("close")}
        </button>
      </div>
    </>
  );
}
