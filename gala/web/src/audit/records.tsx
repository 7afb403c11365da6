/** The records themselves, as tables that can be read from top to bottom. */
import type { JSX } from "preact";
import { count, timeOfDay } from "../director/times.ts";
import type { Evidence, EvidenceRound, Reason } from "../protocol.gen.ts";
import { agreement, counts, refusals, refusedOn } from "./arcade.ts";
import { Says } from "./says.tsx";

const voters = (found: Record<string, number>): string => count(found.voters ?? 0);

export function Rounds({ evidence }: { evidence: Evidence }): JSX.Element {
  return (
    <section class="card">
      <div class="row">
        <h2>Three ways to count, one number</h2>
        <span class="dim end">as of {timeOfDay(evidence.now_ms, evidence.zone)}</span>
      </div>
      {evidence.rounds.length === 0 ? (
        <p class="dim">No round has opened yet.</p>
      ) : (
        <Scroll label="Rounds">
          <table>
            <thead>
              <tr>
                <th scope="col">Round</th>
                <th scope="col">game</th>
                <th scope="col">counters</th>
                <th scope="col">box recount</th>
                <th scope="col">sealed log</th>
                <th scope="col">state</th>
              </tr>
            </thead>
            <tbody>
              {evidence.rounds.map((round) => (
                <Round key={round.id} round={round} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function Round({ round }: { round: EvidenceRound }): JSX.Element {
  const stands = agreement(round);
  const sealed = round.state === "sealed";
  return (
    <tr>
      <th scope="row">
        <details>
          <summary>{round.title}</summary>
          <p class="mono dim">{round.id}</p>
          <ul class="counts">
            {counts(round).map((one) => (
              <li key={one.name} class={sealed && one.counter !== one.recount ? "fail" : ""}>
                <span class="mono">{one.name}</span> <b>{count(one.counter)}</b>
                {sealed && <span> {one.counter === one.recount ? "=" : "≠"} {count(one.recount)}</span>}
              </li>
            ))}
          </ul>
        </details>
      </th>
      <td class="dim">{round.game}</td>
      <td>{voters(round.counters)}</td>
      <td>{sealed ? voters(round.recount) : <span class="dim">–</span>}</td>
      <td>{round.sealed_leaf >= 0 ? `leaf ${count(round.sealed_leaf)}` : <span class="dim">–</span>}</td>
      <td>
        <Says verdict={stands.verdict}>{stands.words}</Says>
      </td>
    </tr>
  );
}

export function Run({ evidence }: { evidence: Evidence }): JSX.Element {
  const { checks } = evidence;
  const failed = checks.filter((check) => !check.ok).length;
  return (
    <section class="run" aria-label="Verification run">
      <div class="h">
        <h2>Verification of the published bundle</h2>
        <span>on the server</span>
      </div>
      {checks.length === 0 ? (
        <p>
          {evidence.signed_size > 0
            ? "The bundle is published; the checks run."
            : "The bundle is published when every channel has seen the end of the show. Then every check runs, and stands here."}
        </p>
      ) : (
        <>
          <ol>
            {checks.map((check) => (
              <li key={check.name}>
                <span class={check.ok ? "p" : "f"}>{check.ok ? "PASS" : "FAIL"}</span>
                <span>
                  <b>{check.name}</b> <span class="d">{check.detail}</span>
                </span>
              </li>
            ))}
          </ol>
          <p class="end-l">
            <span class={failed ? "f" : "p"}>
              {count(checks.length - failed)} passed, {count(failed)} failed
            </span>
          </p>
        </>
      )}
      <p class="cmd">
        <span class="d">The same run on any laptop, from the files alone</span>
        <br />
        python verify.py bundle/
      </p>
    </section>
  );
}

export function Ledger({ evidence }: { evidence: Evidence }): JSX.Element {
  return (
    <section class="card" id="money">
      <div class="row">
        <h2>Money in, money out</h2>
        <span class="dim end">ledger row {count(evidence.rows)}</span>
      </div>
      {evidence.equations.length === 0 ? (
        <p class="dim">No budget is on the books.</p>
      ) : (
        <Scroll label="Equations of the ledger">
          <table>
            <thead>
              <tr>
                <th scope="col">Equation</th>
                <th scope="col">draw</th>
                <th scope="col">tier</th>
                <th scope="col">left</th>
                <th scope="col">right</th>
                <th scope="col">state</th>
              </tr>
            </thead>
            <tbody>
              {evidence.equations.map((one) => (
                <tr key={`${one.name} ${one.draw} ${one.tier} ${one.currency}`}>
                  <th scope="row">{one.name}</th>
                  <td>{count(one.draw)}</td>
                  <td>{one.tier > 0 ? count(one.tier) : "all"}</td>
                  <td>{count(one.left)}</td>
                  <td>{count(one.right)}</td>
                  <td>
                    <Says verdict={one.holds ? "pass" : "fail"}>{one.holds ? "holds" : "does not hold"}</Says>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <p class="dim">Money is in minor units of its currency, as the books have it. Checked after every row, not only now.</p>
    </section>
  );
}

/** What the viewer read, for reasons the service publishes. */
const READ: Record<Reason, string> = {
  enter_first: "Take your seat first.",
  not_open: "It had not opened yet.",
  locked: "It had closed.",
  sealed: "It was closed and published.",
  bad_move: "That was no move of this game.",
  too_early: "Earlier than a person could have seen it.",
  too_late: "Its moment was over.",
  too_fast: "More taps than a thumb can make.",
  over_cap: "You had used all you had here.",
  not_eligible: "You could not take part in this round.",
  hall_full: "The hall was full.",
  unknown_round: "This round was not on air.",
};

export function Refusals({ evidence }: { evidence: Evidence }): JSX.Element {
  const found = refusals(evidence);
  const all = found.reduce((sum, one) => sum + one.plays, 0);
  return (
    <section class="card" id="plays">
      <h2>{all === 0 ? "No play was refused" : `Why ${count(all)} ${all === 1 ? "play was" : "plays were"} refused`}</h2>
      {found.length > 0 && (
        <Scroll label="Refused plays by reason and channel">
          <table>
            <thead>
              <tr>
                <th scope="col">What the viewer read</th>
                <th scope="col">plays</th>
                <th scope="col">channels</th>
                <th scope="col">rounds</th>
              </tr>
            </thead>
            <tbody>
              {found.map((one) => (
                <tr key={one.reason}>
                  <th scope="row">
                    {one.reason.replace(/_/g, " ")}
                    <br />
                    <span class="dim">{READ[one.reason as Reason] ?? ""}</span>
                  </th>
                  <td>{count(one.plays)}</td>
                  <td class="wraps">
                    {refusedOn(evidence, one.reason)
                      .map(([channel, plays]) => `${channel} ${count(plays)}`)
                      .join(", ")}
                  </td>
                  <td class="wraps">{one.rounds.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <p class="dim">As every edge reports it. A refused play was never acknowledged, so no viewer was told it counts.</p>
    </section>
  );
}

export function Log({ evidence }: { evidence: Evidence }): JSX.Element {
  const newest = [...evidence.leaves].reverse();
  return (
    <section class="card log" id="log">
      <div class="row">
        <h2>The log, leaf by leaf</h2>
        <span class="dim end mono">{evidence.origin}</span>
      </div>
      <p class="dim">
        Newest first. Root over {count(evidence.leaves.length)} leaves: <span class="mono hash">{evidence.root}</span>
      </p>
      <Scroll label="Leaves of the log" tall>
        <table>
          <thead>
            <tr>
              <th scope="col">Leaf</th>
              <th scope="col">at</th>
              <th scope="col">schema</th>
              <th scope="col">key</th>
              <th scope="col">hash</th>
            </tr>
          </thead>
          <tbody>
            {newest.map((leaf) => (
              <tr key={leaf.index}>
                <th scope="row">{count(leaf.index)}</th>
                <td>{timeOfDay(leaf.at_ms, evidence.zone, "ms")}</td>
                <td class="mono">{leaf.schema}</td>
                <td class="mono">{leaf.key}</td>
                <td class="mono hash">{leaf.hash}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

/** A table that may be wider or longer than its place: reached and moved by keyboard too. */
export function Scroll(props: { label: string; tall?: boolean; children: JSX.Element }): JSX.Element {
  return (
    <div class={props.tall ? "scroll tall" : "scroll"} role="region" aria-label={props.label} tabIndex={0}>
      {props.children}
    </div>
  );
}
