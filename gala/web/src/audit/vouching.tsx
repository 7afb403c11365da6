/** Who vouches for the draws: what each party has put in, and who else has seen the log, by when. */
import type { JSX } from "preact";
import { count, timeOfDay } from "../director/times.ts";
import type { DrawParty, DrawWitness, Evidence, EvidenceDraw } from "../protocol.gen.ts";
import type { Verdict } from "./arcade.ts";
import { Says } from "./says.tsx";

const PARTY: Record<DrawParty["state"], { verdict: Verdict; words: string }> = {
  missing: { verdict: "waits", words: "not committed" },
  committed: { verdict: "stands", words: "committed" },
  revealed: { verdict: "pass", words: "revealed" },
  withheld: { verdict: "stands", words: "withheld" },
};

export function Vouching({ evidence }: { evidence: Evidence }): JSX.Element {
  const { draws, witnesses } = evidence;
  return (
    <div class="two even" id="vouching">
      <section class="card">
        <h2>Parties to the draws</h2>
        {draws.length === 0 ? (
          <p class="dim">This evening has no draw.</p>
        ) : (
          <div class="scroll" role="region" aria-label="Parties to the draws" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Party</th>
                  <th scope="col">draw</th>
                  <th scope="col">committed</th>
                  <th scope="col">revealed</th>
                  <th scope="col">state</th>
                </tr>
              </thead>
              <tbody>{draws.map((draw) => draw.parties.map((one) => <Party key={`${draw.draw} ${one.party}`} draw={draw} of={one} evidence={evidence} />))}</tbody>
            </table>
          </div>
        )}
        <p class="dim">
          Of a party that withholds its secret the commitment is mixed in instead: it can stop nothing by it, and choose nothing.
        </p>
      </section>
      <section class="card">
        <h2>Witnesses of the log</h2>
        {witnesses.length === 0 ? (
          <p class="dim">{evidence.rehearsal ? "A rehearsal needs none." : "The rundown names none."}</p>
        ) : (
          <div class="scroll" role="region" aria-label="Witnesses of the log" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Witness</th>
                  <th scope="col">cosigned</th>
                  <th scope="col">at</th>
                  <th scope="col">state</th>
                </tr>
              </thead>
              <tbody>
                {witnesses.map((one) => (
                  <Witness key={one.name} of={one} evidence={evidence} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {draws.map((draw) => (
          <Seen key={draw.draw} draw={draw} evidence={evidence} />
        ))}
      </section>
    </div>
  );
}

function Party({ draw, of, evidence }: { draw: EvidenceDraw; of: DrawParty; evidence: Evidence }): JSX.Element {
  const found = PARTY[of.state];
  return (
    <tr>
      <th scope="row">{of.party}</th>
      <td>{count(draw.draw)}</td>
      <td>{at(of.committed_at_ms, evidence)}</td>
      <td>{at(of.revealed_at_ms, evidence)}</td>
      <td>
        <Says verdict={found.verdict}>{found.words}</Says>
      </td>
    </tr>
  );
}

function Witness({ of, evidence }: { of: DrawWitness; evidence: Evidence }): JSX.Element {
  return (
    <tr>
      <th scope="row" class="mono">
        {of.name}
      </th>
      <td>{of.at_ms === 0 ? "nothing yet" : `${count(of.size)} of ${count(evidence.leaves.length)} leaves`}</td>
      <td>{at(of.at_ms, evidence)}</td>
      <td>
        <Says verdict={of.awake ? "pass" : "waits"}>{of.awake ? "awake" : of.at_ms === 0 ? "never heard of" : "silent"}</Says>
      </td>
    </tr>
  );
}

/** Where the close of a draw's reveals stands with the witnesses; nothing before there is one. */
function Seen({ draw, evidence }: { draw: EvidenceDraw; evidence: Evidence }): JSX.Element | null {
  if (draw.state === "ahead" || draw.state === "armed" || draw.state === "void") return null;
  if (!draw.unseen) {
    return (
      <p>
        <Says verdict="pass">Draw {draw.draw}:</Says> a witness saw its reveals closed before the beacon spoke.
      </p>
    );
  }
  if (evidence.rehearsal) return <p class="dim">Draw {draw.draw}: UNWITNESSED, which is accepted in a rehearsal only.</p>;
  return (
    <p>
      <Says verdict="waits">Draw {draw.draw}:</Says> nobody has cosigned its close yet. Unless somebody does before {at(draw.beacon_at_ms, evidence)}, it
      is void.
    </p>
  );
}

const at = (ms: number, { zone }: Evidence): string => (ms === 0 ? "–" : timeOfDay(ms, zone));
