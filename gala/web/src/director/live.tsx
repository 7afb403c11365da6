/** What phones do: who watches, what is counted and refused, the edges, the draw, the as-run. */
import type { Console } from "./console.ts";
import { type Desk, type Draw, newestFirst, type Round, segmentOf, who } from "./desk.ts";
import { colourOf, Shape, type ShapeName, shapeOf } from "../brand/shapes.tsx";
import { Icon } from "./icons.tsx";
import { count, countdown, share, timeOfDay } from "./times.ts";

/** Above this an acknowledgement feels slow under a thumb. */
const SLOW_ACK_MS = 50;

export function Live({ console: c, desk }: { console: Console; desk: Desk }) {
  const rounds = newestFirst(desk.rounds);
  const hidden = c.sheet.value?.is === "settle";
  return (
    <section class="col live" aria-label="Live">
      <div class="scroll">
        <section class="sec">
          <h2>
            <Icon name="people" />
            Watching with us
          </h2>
          <p class="row base">
            <span class="big">{count(desk.online)}</span>
            <span class="mid">{desk.online === 1 ? "phone" : "phones"}</span>
          </p>
        </section>
        {rounds[0] ? (
          <Votes console={c} desk={desk} round={rounds[0]} hidden={hidden} />
        ) : (
          <section class="sec">
            <h2>
              <Icon name="seal" />
              Votes counted, live
            </h2>
            <p class="dim">No round yet.</p>
          </section>
        )}
        {rounds.length > 1 && <Earlier desk={desk} rounds={rounds.slice(1)} hidden={hidden} />}
        {desk.draws
          .filter((draw) => draw.segment !== desk.on_air)
          .reverse()
          .map((draw) => (
            <DrawSteps key={draw.draw} desk={desk} draw={draw} nowMs={c.now.value} />
          ))}
        <Edges desk={desk} />
        <AsRunTail desk={desk} />
      </div>
    </section>
  );
}

interface VotesProps {
  console: Console;
  desk: Desk;
  round: Round;
  hidden: boolean;
}

function Votes({ console: c, desk, round, hidden }: VotesProps) {
  const refused = Object.entries(round.refused).filter(([, n]) => n > 0);
  const rate = desk.edges.reduce((sum, edge) => sum + edge.plays_per_s, 0);
  return (
    <section class="sec">
      <h2>
        <Icon name="seal" />
        {round.state === "open" ? "Votes counted, live" : "Votes counted"}
        <span class="end dim">{segmentOf(desk, round.segment)?.title ?? round.segment}</span>
      </h2>
      {hidden ? <p class="dim hid">Hidden while you choose the outcome.</p> : <Bars round={round} />}
      <p class="row mid">
        <span>
          <b>{hidden ? "–" : count(round.voters)}</b> voters
        </span>
        {round.state === "open" && <span class="end dim">{count(Math.round(rate))} plays/s</span>}
      </p>
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
            onClick={() => c.ready.value && c.askVoid(round)}
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
  const two = bars.length === 2;
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

/** `locking, 9 of 16 pages` where the pages are known, else the plain word. */
function stateWords(round: Round): string {
  const known = round.state === "locking" && round.pages > 0;
  return known ? `locking, ${count(round.pages_locked)} of ${count(round.pages)} pages` : round.state;
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

function Earlier({ desk, rounds, hidden }: { desk: Desk; rounds: Round[]; hidden: boolean }) {
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

const STEPS = ["armed", "frozen", "beacon", "drawn", "announced"] as const;

/** A draw's way from armed to announced. On air it stands in the middle of the console, else among the figures. */
export function DrawSteps({ desk, draw, nowMs }: { desk: Desk; draw: Draw; nowMs: number }) {
  const beaconOut = draw.beacon_at_ms > 0 && nowMs >= draw.beacon_at_ms;
  const done = { armed: 1, frozen: beaconOut ? 3 : 2, drawn: 4, announced: 5 }[draw.state];
  const waits = draw.state === "frozen" && draw.beacon_at_ms > 0;
  return (
    <section class="sec">
      <h2>
        <Icon name="ticket" />
        Draw {draw.draw}
        <span class="end dim">{segmentOf(desk, draw.segment)?.title ?? draw.segment}</span>
      </h2>
      <ol class="steps">
        {STEPS.map((step, i) => (
          <li key={step} class={i < done ? "yes" : ""}>
            <Icon name={i < done ? "check" : "clock"} />
            {step}
            <span class="sr">{i < done ? ", done" : ", to come"}</span>
          </li>
        ))}
      </ol>
      {draw.state !== "armed" && (
        <p class="row mid">
          <span>
            <b>{count(draw.entrants)}</b> entrants, <b>{count(draw.tickets)}</b> tickets
          </span>
          {draw.winners > 0 && (
            <span class="end">
              <b>{count(draw.winners)}</b> winners
            </span>
          )}
        </p>
      )}
      {waits && (
        <p class="row mid">
          Beacon round {count(draw.beacon_round)}
          <b class="end">{beaconOut ? "out, drawing" : `in ${countdown(draw.beacon_at_ms - nowMs)}`}</b>
        </p>
      )}
      {draw.problem && (
        <p class="advice red">
          <Icon name="barred" />
          <span>{draw.problem}</span>
        </p>
      )}
    </section>
  );
}

function Edges({ desk }: { desk: Desk }) {
  return (
    <section class="sec">
      <h2>
        <Icon name="link" />
        Link health
      </h2>
      {desk.edges.length === 0 ? (
        <p class="dim">No edge has reported yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">edge</th>
              <th scope="col">phones</th>
              <th scope="col">ack p50</th>
              <th scope="col">p99</th>
            </tr>
          </thead>
          <tbody>
            {desk.edges.map((edge) => (
              <tr key={edge.name}>
                <td>{edge.name}</td>
                <td>{count(edge.phones)}</td>
                <td>{milliseconds(edge.ack_p50_ms)}</td>
                <td class={edge.ack_p99_ms > SLOW_ACK_MS ? "w-t" : ""}>
                  {edge.ack_p99_ms > SLOW_ACK_MS && <Icon name="warn" />} {milliseconds(edge.ack_p99_ms)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function milliseconds(ms: number): string {
  if (ms === 0) return "–";
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

function AsRunTail({ desk }: { desk: Desk }) {
  const lines = [...desk.as_run].sort((a, b) => b.version - a.version);
  return (
    <section class="sec asrun">
      <h2>
        <Icon name="list" />
        As run
      </h2>
      <ol>
        {lines.map((line) => (
          <li key={line.version}>
            <span class="at">{timeOfDay(line.at_ms, desk.zone)}</span>
            <span class="what">{line.what}</span>
            <span class="dim">{who(line.by)}</span>
          </li>
        ))}
      </ol>
      {lines.length === 0 && <p class="dim">Nothing fired yet.</p>}
    </section>
  );
}
