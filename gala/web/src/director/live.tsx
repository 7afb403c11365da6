/** The live column: who watches, what is counted, the draws, the edges, the as-run. */
import { Tunings } from "./channels.tsx";
import type { Console } from "./console.ts";
import { type Desk, type Draw, newestFirst, segmentOf, who } from "./desk.ts";
import { troubles } from "./health.ts";
import { Icon } from "./icons.tsx";
import { KillSwitch } from "./kill.tsx";
import { ready, voidable } from "./readiness.ts";
import { count, countdown, money, timeOfDay } from "./times.ts";
import { Earlier, Votes } from "./votes.tsx";

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
        <Standstill desk={desk} />
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
            <DrawSteps key={draw.draw} console={c} desk={desk} draw={draw} />
          ))}
        <Tunings console={c} desk={desk} />
        <Edges desk={desk} />
        <AsRunTail desk={desk} />
      </div>
      <KillSwitch console={c} desk={desk} where="column" />
    </section>
  );
}

/** Go or no go, in a line; what is missing stands below it. */
function Readiness({ console: c, desk, draw }: { console: Console; desk: Desk; draw: Draw }) {
  const found = ready(desk, draw, c.now.value);
  if (!found) return null;
  return (
    <div class={`ready ${found.is}`} role="status">
      <p>
        <Icon name={found.is === "go" ? "check" : found.is === "wait" ? "clock" : "warn"} />
        <b>{found.is === "go" ? "GO" : found.is === "wait" ? "WAIT" : "NO GO"}</b>
        <span>{found.words}</span>
      </p>
      {found.lines.length > 0 && (
        <ul>
          {found.lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Each party and witness by name, with its state in a word. */
function Vouchers({ desk, draw }: { desk: Desk; draw: Draw }) {
  if (desk.rehearsal || draw.state === "announced") return null;
  return (
    <dl class="vouching">
      {draw.parties.map((one) => (
        <div key={one.party}>
          <dt>{one.party}</dt>
          <dd class={one.state === "missing" || one.state === "withheld" ? "w-t" : ""}>{PARTY[one.state]}</dd>
        </div>
      ))}
      {desk.witnesses.map((one) => (
        <div key={one.name}>
          <dt>{one.name}</dt>
          <dd class={one.awake ? "" : "w-t"}>
            {one.at_ms === 0 ? "never heard of" : `${one.awake ? "awake," : "silent since"} ${timeOfDay(one.at_ms, desk.zone)}`}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const PARTY = { missing: "not committed", committed: "committed", revealed: "revealed", withheld: "kept its secret back" } as const;

const STEPS = ["armed", "frozen", "beacon", "drawn", "announced"] as const;

/** A draw's way from armed to announced. On air it stands in the middle of the console, else among the figures. */
export function DrawSteps({ console: c, desk, draw }: { console: Console; desk: Desk; draw: Draw }) {
  const nowMs = c.now.value;
  const beaconOut = draw.beacon_at_ms > 0 && nowMs >= draw.beacon_at_ms;
  const done = { ahead: 0, armed: 1, frozen: beaconOut ? 3 : 2, drawn: 4, announced: 5, void: 0 }[draw.state];
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
      <Readiness console={c} desk={desk} draw={draw} />
      <Vouchers desk={desk} draw={draw} />
      <p class="row mid">
        <span>
          <b>{count(draw.prizes)}</b> prizes
        </span>
        <span class="end">{money(draw.budget_minor, draw.currency)}</span>
      </p>
      {draw.state === "void" && <p class="row mid">Void: its prizes return to the budget.</p>}
      {draw.entrants > 0 && draw.state !== "void" && (
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
      {(draw.state === "armed" || draw.state === "ahead") && (
        <p class="row mid">
          <span class="dim">{draw.lapses_at_ms > 0 && `It can be closed until ${timeOfDay(draw.lapses_at_ms, desk.zone)}.`}</span>
          {draw.draw === voidable(desk)?.draw && (
            <button type="button" class="mini danger end" aria-disabled={!c.ready.value} onClick={(event) => c.press("void_draw", event.timeStamp)}>
              Void the draw… <kbd>N</kbd>
            </button>
          )}
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

/** What stands still because of a machine, each with its reason: first of all, for phones cannot play there. */
function Standstill({ desk }: { desk: Desk }) {
  const bad = troubles(desk).filter((trouble) => trouble.bad);
  if (bad.length === 0) return null;
  return (
    <section class="sec" role="alert">
      {bad.map(({ who, what }) => (
        <p class="advice red" key={who + what}>
          <Icon name="barred" />
          <span>
            <b>{who}</b> {what}
          </span>
        </p>
      ))}
    </section>
  );
}

function Edges({ desk }: { desk: Desk }) {
  const out = desk.edges.filter((edge) => edge.rotation);
  return (
    <section class="sec">
      <h2>
        <Icon name="link" />
        Link health
        {out.length > 0 && <span class="end r-t">{out.length} out of rotation</span>}
      </h2>
      {troubles(desk)
        .filter((trouble) => !trouble.bad)
        .map(({ who, what }) => (
          <p key={who + what} class="dim">
            <Icon name="warn" /> <b>{who}</b> {what}
          </p>
        ))}
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
              <tr key={edge.name} class={edge.rotation ? "out" : ""}>
                <td>
                  {edge.rotation && <Icon name="barred" />} {edge.name}
                  {edge.rotation && <span class="sr">, out of rotation</span>}
                </td>
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
      {cutOff(desk) && <p class="dim">Cut off: {cutOff(desk)}</p>}
    </section>
  );
}

/** How many connections all edges ended against their will, and why. */
function cutOff(desk: Desk): string {
  const reasons = new Map<string, number>();
  for (const edge of desk.edges)
    for (const [reason, times] of Object.entries(edge.dropped)) reasons.set(reason, (reasons.get(reason) ?? 0) + times);
  return [...reasons]
    .sort((a, b) => b[1] - a[1])
    .map(([reason, times]) => `${count(times)} ${reason}`)
    .join(", ");
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
