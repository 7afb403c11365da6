/** What is counted, live. The crew sees it before anyone; it is hidden while one of them chooses an outcome. */
import { colourOf, Shape, type ShapeName, shapeOf } from "../brand/shapes.tsx";
import type { Console } from "./console.ts";
import { type Desk, type Round, segmentOf } from "./desk.ts";
import { Icon } from "./icons.tsx";
import { Channels, Stage } from "./stage.tsx";
import { count, share } from "./times.ts";

interface VotesProps {
  console: Console;
  desk: Desk;
  round: Round;
  hidden: boolean;
}

/** The newest round: counted by choice, refused by reason, sealed and recounted. */
export function Votes({ console: c, desk, round, hidden }: VotesProps) {
  const refused = Object.entries(round.refused).filter(([, n]) => n > 0);
  const rate = desk.edges.reduce((sum, edge) => sum + edge.plays_per_s, 0);
  return (
    <section class="sec">
      <h2>
        <Icon name="seal" />
        {`${round.multiplies ? "Points on stage" : round.game === "rain" ? "Envelopes caught" : "Votes counted"}${round.state === "open" ? ", live" : ""}`}
        <span class="end dim">{segmentOf(desk, round.segment)?.title ?? round.segment}</span>
      </h2>
      {hidden ? <p class="dim hid">Hidden while you choose the outcome.</p> : <Bars round={round} />}
      <Stage console={c} desk={desk} round={round} />
      <p class="row mid">
        <span>
          <b>{hidden ? "–" : count(round.voters)}</b> {round.game === "rain" ? "hold one" : "voters"}
        </span>
        {round.state === "open" && <span class="end dim">{count(Math.round(rate))} plays/s</span>}
      </p>
      {!hidden && <Channels round={round} />}
      <RoundState round={round} />
      {refused.length > 0 && (
        <>
          <h3>Refused, by reason</h3>
          <ul class="why">
            {refused.map(([reason, n]) => (
              <li class="row" key={reason}>
                <span>{reason.replaceAll("_", " ")}</span>
                <b class="end">{count(n)}</b>
              </li>
            ))}
          </ul>
        </>
      )}
      {round.state !== "void" && (
        <p class="row void">
          <button
            type="button"
            class="mini danger"
            aria-disabled={!c.ready.value}
            onClick={() => c.ask({ is: "void", round })}
          >
            Void this round…
          </button>
        </p>
      )}
    </section>
  );
}

function Bars({ round }: { round: Round }) {
  const total = round.choices.reduce((sum, choice) => sum + choice.count, 0);
  const bars = round.choices.map((choice, i) => ({ ...choice, shape: shapeOf(choice.shape, i) }));
  const [a, b] = bars;
  const two = bars.length === 2 && !round.multiplies;
  return (
    <>
      <ul>
        {bars.map((choice) => (
          <li key={choice.id}>
            <span class="row">
              <Emblem shape={choice.shape} />
              <span class="lab">
                {choice.label}
                {round.outcome === choice.id && <em> outcome</em>}
              </span>
              <b class="end">{count(choice.count)}</b>
              {choice.own > 0 && <small class="dim">+{count(choice.own)} late</small>}
              {!two && <span class="pc">{share(choice.count, total)}</span>}
            </span>
            {!two && (
              <span class="bar">
                <i class={`p-${choice.shape}`} style={{ inlineSize: percent(choice.count, total) }} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {two && a && b && (
        <>
          <div class="vbar" aria-hidden="true">
            {total > 0 && (
              <>
                <i class={`p-${a.shape}`} style={{ inlineSize: percent(a.count, total) }} />
                <i class="gap" />
                <i class={`p-${b.shape} grow`} />
              </>
            )}
          </div>
          <p class="row mid">
            <b>{share(a.count, total)}</b>
            <b class="end">{share(b.count, total)}</b>
          </p>
        </>
      )}
    </>
  );
}

function percent(part: number, total: number): string {
  return total > 0 ? `${(100 * part) / total}%` : "0";
}

/** An option's shape in its colour. */
export function Emblem({ shape }: { shape: ShapeName }) {
  return (
    <span class="em" style={{ color: colourOf(shape) }}>
      <Shape name={shape} />
    </span>
  );
}

/** `locking, 9 of 16 gates shut` where the pages are known, else the plain word. */
function stateWords(round: Round): string {
  const known = round.state === "locking" && round.pages > 0;
  return known ? `locking, ${count(round.pages_locked)} of ${count(round.pages)} gates shut` : round.state;
}

function RoundState({ round }: { round: Round }) {
  return (
    <p class="row state">
      <span class={`chip ${round.state}`}>{stateWords(round)}</span>
      <Recount round={round} />
    </p>
  );
}

function Recount({ round }: { round: Round }) {
  if (!round.sealed) return null;
  return round.recount_equal ? (
    <span class="ok-t end">
      <Icon name="check" /> sealed, recount equal
    </span>
  ) : (
    <span class="r-t end">
      <Icon name="barred" /> sealed, recount differs
    </span>
  );
}

/** The rounds before it, in a line each. */
export function Earlier({ desk, rounds, hidden }: { desk: Desk; rounds: Round[]; hidden: boolean }) {
  return (
    <section class="sec">
      <h2>Earlier rounds</h2>
      <ul class="earlier">
        {rounds.map((round) => (
          <li key={round.id}>
            <span class="row">
              <span class="lab">{segmentOf(desk, round.segment)?.title ?? round.segment}</span>
              <b class="end">{hidden ? "–" : count(round.voters)}</b>
            </span>
            <RoundState round={round} />
          </li>
        ))}
      </ul>
    </section>
  );
}
