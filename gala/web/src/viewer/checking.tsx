/** "Check it yourself": the phone works out again what it was told, from what is published for all. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import type { BoxFacts, RosterFacts } from "../check/proof.ts";
import type { Words } from "../i18n/words.ts";
import { usePage } from "./page.ts";
import type { Finding, Report } from "./report.ts";
import { State } from "./state.tsx";

const AGAIN_MS = 20_000;

type Shown = { is: "working" } | { is: "away" } | { is: "report"; report: Report };

export function Checking(): JSX.Element {
  const { evening, words, prove } = usePage();
  const w = words.value;
  const shown = useSignal<Shown>({ is: "working" });
  const wanted = useSignal(0);
  const { rounds, draws } = evening.mine.value;
  // what there is to prove; it is told soon after the page is opened, and may become more
  const mine = JSON.stringify([Object.entries(rounds).map(([round, { seq }]) => [round, seq]), draws]);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => void (timer = setTimeout(() => wanted.value++, AGAIN_MS));
    prove(evening.mine.value).then(
      (report) => {
        if (over) return;
        shown.value = { is: "report", report };
        if (report.state === "unpublished" || report.findings.some((one) => one.verdict === "away")) again();
      },
      () => {
        if (over) return;
        shown.value = { is: "away" };
        again();
      },
    );
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [wanted.value, mine]);
  return (
    <>
      <h1>{w.t("check")}</h1>
      <p class="sub">{w.t("checkSub")}</p>
      <div role="status" class="stack">
        <Verdict shown={shown.value} />
      </div>
      {shown.value.is === "report" && shown.value.report.findings.map((one) => <Found found={one} report={(shown.value as { report: Report }).report} key={`${one.kind} ${one.id}`} />)}
      <div class="push stack hand">
        <a class="btn quiet" href="/bundle/">
          <Icon name="out" />
          {w.t("report")}
        </a>
      </div>
    </>
  );
}

function Verdict({ shown }: { shown: Shown }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  if (shown.is === "working") return <State is="pending" title={w.t("checkWorking")} />;
  if (shown.is === "away") {
    return (
      <State is="offline" title={w.t("checkAway")}>
        {w.t("checkAgain")}
      </State>
    );
  }
  const { state, findings } = shown.report;
  if (state === "unpublished") {
    return (
      <State is="pending" title={w.t("checkNotYet")}>
        {w.t("checkNotYetSub")}
      </State>
    );
  }
  if (findings.length === 0) return <State is="late" title={w.t("checkNothing")} />;
  if (findings.some((one) => one.verdict === "not")) {
    return (
      <State is="refused" title={w.t("checkBad")}>
        {w.t("checkBadSub")}
      </State>
    );
  }
  const fits = findings.filter((one) => one.verdict === "fits").length;
  if (fits === 0) return <State is="late" title={w.t("checkNothing")} />;
  return (
    <State is="counted" title={w.t("checkGood")}>
      {w.t("checkGoodSub", { n: fits })}
    </State>
  );
}

function Found({ found, report }: { found: Finding; report: Report }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const { facts, verdict } = found;
  return (
    <section class="card stack" data-verdict={verdict}>
      {found.kind === "roster" && <p class="eyebrow">{w.t("checkDraw", { draw: Number(found.id) })}</p>}
      {found.kind === "box" && <p class="eyebrow">{found.title}</p>}
      {verdict === "kept_back" && (
        <>
          <h2>{w.t("keptBack")}</h2>
          <p class="small sub">{w.t("keptBackSub")}</p>
        </>
      )}
      {(verdict === "away" || verdict === "none") && <h2>{w.t("otherReason", { reason: found.why })}</h2>}
      {verdict === "not" && (
        <>
          <h2>{w.t("checkBad")}</h2>
          <p class="small code" lang="en" dir="ltr">
            {found.why}
          </p>
        </>
      )}
      {facts?.kind === "box" && (
        <>
          <h2>
            <Icon name="shield" /> {w.t("playIn")}
          </h2>
          <p>{w.t("playInSub", { seq: facts.seq, place: facts.place, plays: facts.plays })}</p>
        </>
      )}
      {facts?.kind === "roster" && (
        <>
          <h2>
            <Icon name="shield" /> {w.t("entryIn")}
          </h2>
          <p>{w.t("entryInSub", { n: facts.tickets, place: facts.place, places: facts.places })}</p>
          <Scores facts={facts} />
        </>
      )}
      {facts && <Details facts={facts} report={report} />}
      {found.proof !== "" && <Save found={found} />}
    </section>
  );
}

/** Hex is read in fours. */
const grouped = (hex: string): string => hex.replace(/(.{4})(?=.)/g, "$1 ");

function Scores({ facts }: { facts: RosterFacts }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const won = evening.mine.value.draws.some((one) => one.won && one.place === facts.place);
  return (
    <>
      {facts.tiers.map((one) => (
        <p class="small" key={one.tier}>
          <b>{w.t("tier", { n: one.tier })}</b>: {one.below ? w.t(won ? "below" : "passedOver") : w.t("above")}
        </p>
      ))}
    </>
  );
}

function Details({ facts, report }: { facts: BoxFacts | RosterFacts; report: Report }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <details class="figures">
      <summary class="btn quiet">{w.t("whatChecked")}</summary>
      <div class="stack">
        <ol class="did">
          <li>{w.t("didSigned", { size: facts.size })}</li>
          <li>{w.t("didLeaf", { index: facts.index })}</li>
          <li>{w.t(facts.kind === "box" ? "didBox" : "didRoster")}</li>
          {facts.kind === "roster" && facts.tiers.length > 0 && <li>{w.t("didScore")}</li>}
          {facts.kind === "roster" && facts.decided && (
            <li>{w.t(facts.decided.rehearsal ? "didRehearsal" : "didBeacon", { round: facts.decided.round })}</li>
          )}
        </ol>
        <dl class="long">
          {facts.kind === "box" && (
            <>
              <dt>{w.t("figSlot")}</dt>
              <dd class="code">{grouped(facts.slot)}</dd>
            </>
          )}
          {facts.kind === "roster" && facts.tiers.map((one) => <Tier of={one} w={w} key={one.tier} />)}
          <dt>{w.t("figLog")}</dt>
          <dd class="code">{grouped(facts.root)}</dd>
          <dt>{w.t("figKey")}</dt>
          <dd class="code">{report.key}</dd>
        </dl>
        <p class="small sub">{w.t("keyNote")}</p>
      </div>
    </details>
  );
}

function Tier({ of, w }: { of: RosterFacts["tiers"][number]; w: Words }): JSX.Element {
  const tier = w.t("tier", { n: of.tier });
  return (
    <>
      <dt>
        {w.t("figScore")} ({tier})
      </dt>
      <dd class="code">{grouped(of.score)}</dd>
      {of.cutoff !== "" && (
        <>
          <dt>
            {w.t("figCutoff")} ({tier})
          </dt>
          <dd class="code">{grouped(of.cutoff)}</dd>
        </>
      )}
    </>
  );
}

/** The proof as a file: whoever has it and the published log can check it again, years later. */
function Save({ found }: { found: Finding }): JSX.Element {
  const { words } = usePage();
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([found.proof], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `gala-proof-${found.id.replace(/[^A-Za-z0-9]+/g, "-")}.json`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" class="btn quiet" onClick={save}>
      <Icon name="box" />
      {words.value.t("saveProof")}
    </button>
  );
}
