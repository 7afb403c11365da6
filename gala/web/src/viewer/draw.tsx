import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import type { DrawView, Standing } from "../protocol.gen.ts";
import { usePage } from "./page.ts";
import { AccountNote } from "./join.tsx";
import { Arch } from "./timer.tsx";
import { isClaimable, VoucherState } from "./claim.tsx";
import { Ticket } from "./wallet.tsx";

/** The draw: armed, frozen and waiting for the number, drawn, announced. */
export function Draw(): JSX.Element {
  const { evening, words } = usePage();
  const draw = evening.show.value?.draw;
  const text = evening.segmentText();
  if (!draw) return <></>;
  return (
    <>
      <p class="eyebrow middle">{text ? words.value.pick(text.title) : ""}</p>
      {draw.state === "armed" && <Armed draw={draw} />}
      {draw.state === "frozen" && <Frozen draw={draw} />}
      {draw.state === "drawn" && <Drawn draw={draw} />}
      {draw.state === "announced" && <Announced draw={draw} />}
      {draw.state === "void" && <Void />}
    </>
  );
}

interface DrawProps {
  draw: DrawView;
}

function Armed({ draw }: DrawProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <h1 class="big center">{w.t("drawArmed")}</h1>
      <p class="sub center">{w.t("drawArmedSub")}</p>
      <AccountNote />
      <Prizes draw={draw} />
      <MyEntries />
    </>
  );
}

function Frozen({ draw }: DrawProps): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const due = useComputed(() => evening.now_ms.value >= draw.beacon_at_ms);
  return (
    <>
      {draw.beacon_at_ms > 0 && !due.value && (
        <Arch from_ms={draw.beacon_at_ms - 60_000} to_ms={draw.beacon_at_ms} label={w.t("untilBeacon")} />
      )}
      <h1 class="center">{w.t("drawFrozen")}</h1>
      <p class="sub center">{w.t("drawFrozenSub", { viewers: draw.entrants, entries: draw.tickets })}</p>
      {draw.beacon_at_ms > 0 && due.value && <p class="eyebrow middle">{w.t("beaconDue")}</p>}
      <Beacon draw={draw} />
      <Prizes draw={draw} />
      <MyEntries />
    </>
  );
}

function Drawn({ draw }: DrawProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <div class="mid stack center">
        <h1 class="big">{w.t("drawDrawn")}</h1>
        <p class="sub">{w.t("drawDrawnSub")}</p>
      </div>
      <Beacon draw={draw} />
      <MyEntries />
    </>
  );
}

function Void(): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <div class="mid stack center">
      <h1 class="big">{w.t("drawVoid")}</h1>
      <p class="sub">{w.t("drawVoidSub")}</p>
    </div>
  );
}

function Beacon({ draw }: DrawProps): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  if (draw.beacon_round === 0) return null;
  return (
    <p class="note middle">
      <Icon name={draw.rehearsal_beacon ? "practice" : "shield"} />
      <span>{w.t(draw.rehearsal_beacon ? "beaconRehearsal" : "beaconRound", { round: draw.beacon_round })}</span>
    </p>
  );
}

/** What there is to win, with its number: the odds are these over the entries. */
export function Prizes({ draw }: DrawProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <section class="card">
      <h2>{w.t("prizes")}</h2>
      {draw.prizes.map((prize) => (
        <p class="next" key={prize.tier}>
          <b class="num">
            {w.t("prizeOf", { count: prize.count, money: w.money(prize.face_minor, prize.currency) })}
          </b>
          <span>{w.pick(prize.title)}</span>
        </p>
      ))}
    </section>
  );
}

function MyEntries(): JSX.Element {
  const { evening, words } = usePage();
  const held = Object.values(evening.mine.value.rounds).reduce((sum, one) => sum + one.entries, 0);
  return (
    <p class="note push middle">
      <Icon name="wallet" />
      <span>{words.value.t("entriesHeld", { n: held })}</span>
    </p>
  );
}

function Announced({ draw }: DrawProps): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const { draws, vouchers } = evening.mine.value;
  const standing = draws.find((one) => one.draw === draw.draw);
  if (!standing || standing.tickets === 0) {
    return (
      <>
        <div class="mid stack center">
          <h1 class="big">{w.t("noEntryTitle")}</h1>
          <p class="sub">{w.t("noEntrySub")}</p>
        </div>
        <Prizes draw={draw} />
      </>
    );
  }
  const won = vouchers.filter((one) => one.draw === draw.draw);
  return (
    <>
      <h1 class="big center">{w.t(standing.won ? "youWon" : "notThisTime")}</h1>
      {won.map((voucher) => (
        <Ticket voucher={voucher} key={voucher.id} />
      ))}
      {won.map((voucher) => (
        <VoucherState voucher={voucher} key={voucher.id} />
      ))}
      {!standing.won && (
        <Rank standing={standing} />
      )}
      {!evening.mine.value.account && <AccountNote />}
      <div class="push stack hand">
        {standing.won && (
          <a class={won.some((one) => isClaimable(one, evening.now_ms.value)) ? "btn line" : "btn go"} href="#wallet">
            <Icon name="wallet" />
            {w.t("toWallet")}
          </a>
        )}
        <Figures draw={draw} standing={standing} />
      </div>
    </>
  );
}

function Rank({ standing }: { standing: Standing }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <section class="card stack">
        {standing.rank > 0 ? (
          <>
            <span class="sub">{w.t("rank")}</span>
            <p class="figure num">{w.number(standing.rank)}</p>
          </>
        ) : (
          <p>{w.t("unranked")}</p>
        )}
        <span class="sub num">{w.t("ofEntrants", { n: standing.entrants })}</span>
        <ScoreLine standing={standing} />
      </section>
      <p class="sub">{w.t("bestCounts", { n: standing.tickets })}</p>
    </>
  );
}

/** Where a score lies among all possible ones, in per cent: its first 32 bits say it finely enough for a picture. */
const lies = (score: string): number => (parseInt(score.slice(0, 8), 16) / 2 ** 32) * 100;

/** This viewer's best score and the last winning one on one line. The figures themselves are in the check. */
function ScoreLine({ standing: { score, cutoff } }: { standing: Standing }): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  if (score === "" || cutoff === "") return null;
  return (
    <>
      <div class="scores" style={{ "--me": lies(score), "--cut": lies(cutoff) }}>
        <span class="whole" />
        <span class="wins" />
        <span class="me" />
        <span class="meword">{w.t("figScore")}</span>
        <span class="cutword">{w.t("figCutoff")}</span>
      </div>
      <p class="small sub">{w.t("lowestWins")}</p>
    </>
  );
}

/** Hex is read in fours. */
const grouped = (hex: string): string => hex.replace(/(.{4})(?=.)/g, "$1 ");

/** The figures which anyone can work out again from the public report. */
export function Figures({ draw, standing }: { draw: DrawView; standing: Standing }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const comparable = standing.score !== "" && standing.cutoff !== "";
  return (
    <details class="figures">
      <summary class={standing.won ? "btn quiet" : "btn go"}>
        <Icon name="shield" />
        {w.t("check")}
      </summary>
      <div class="card">
        <dl>
          <dt>{w.t("figPlace")}</dt>
          <dd>{w.number(standing.place)}</dd>
          {comparable && (
            <>
              <dt>{w.t("figScore")}</dt>
              <dd class="code">{grouped(standing.score)}</dd>
              <dt>{w.t("figCutoff")}</dt>
              <dd class="code">{grouped(standing.cutoff)}</dd>
            </>
          )}
          {draw.root && (
            <>
              <dt>{w.t("figRoot")}</dt>
              <dd class="code">{grouped(draw.root)}</dd>
            </>
          )}
          {draw.beacon_round > 0 && (
            <>
              <dt>{w.t("figBeacon")}</dt>
              <dd>{w.number(draw.beacon_round)}</dd>
            </>
          )}
        </dl>
        {comparable && (
          <p class="small sub">
            {w.t("lowestWins")} {w.t(standing.score <= standing.cutoff ? "below" : "above")}
          </p>
        )}
        <a class="btn line" href="#check">
          <Icon name="shield" />
          {w.t("checkHere")}
        </a>
        <p class="small sub">
          {w.t("checkNote")}{" "}
          <a class="inline" href="/bundle/">
            {w.t("report")}
          </a>
        </p>
      </div>
    </details>
  );
}
