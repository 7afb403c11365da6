/** The desk as a page: the arcade, the counts, the run of checks, the ledger, the refusals, the log. */
import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { Mark } from "../brand/mark.tsx";
import { count, timeOfDay } from "../director/times.ts";
import type { Evidence, Trace } from "../protocol.gen.ts";
import type { Link } from "../wire/connection.ts";
import { bays, verdict, type Bay } from "./arcade.ts";
import { Ledger, Log, Refusals, Rounds, Run } from "./records.tsx";
import { ICONS, Says } from "./says.tsx";
import { StatementLink } from "./statement.tsx";
import { PrivateTrace } from "./trace.tsx";
import { Verification } from "./verification.tsx";
import type { Verifying } from "./verifying.ts";
import { Vouching } from "./vouching.tsx";

const REFUSED: Record<string, string> = {
  bad_pass: "This pass is not of this show, or it has run out.",
  wrong_role: "This pass is for another role: the desk needs an auditor’s or a director’s.",
};

export function App(props: { evidence: ReadonlySignal<Evidence | null>; link: ReadonlySignal<Link>; verifying: Verifying; trace: ReadonlySignal<Trace | null>; pass: string }): JSX.Element {
  const link = props.link.value;
  const evidence = props.evidence.value;
  if (link.state === "refused" && link.reason !== "starting") return <NoPass why={REFUSED[link.reason] ?? link.reason} />;
  if (!evidence) {
    return (
      <main class="alone">
        <Mark />
        <h1>Auditor’s desk</h1>
        <p role="status">Connecting to the service… this goes on by itself.</p>
      </main>
    );
  }
  const over = verdict(evidence);
  return (
    <>
      <header class="top">
        <span class="mark">
          <Mark /> Auditor’s desk
        </span>
        <nav aria-label="Desk">
          <a href="#evidence">Evidence</a>
          <a href="#vouching">Draws</a>
          <a href="#verify">Verify</a>
          <a href="#money">Money</a>
          <a href="#plays">Plays</a>
          <a href="#log">Log</a>
          <StatementLink pass={props.pass} />
        </nav>
        <span class="end dim">{signed(evidence)}</span>
        <span>
          <b>{evidence.name}</b>, {evidence.zone}
        </span>
      </header>
      {link.state !== "up" && (
        <p class="away" role="alert">
          <Icon name="nolink" /> No link. What stands here is of {timeOfDay(evidence.now_ms, evidence.zone)}; it comes back by
          itself.
        </p>
      )}
      <main class="wrap" id="evidence">
        <div class="row">
          <h1>Every vote once, every draw fair, every fen accounted for.</h1>
          <p class="end overall" role="status">
            <Says verdict={over.verdict}>{over.words}</Says>
          </p>
        </div>
        {evidence.rehearsal && <p class="rehearsal">A rehearsal: its log is marked so, and its money buys nothing.</p>}
        <div class="arcade">
          {bays(evidence).map((bay) => (
            <Arch key={bay.name} bay={bay} />
          ))}
        </div>
        <div class="two">
          <Rounds evidence={evidence} />
          <Run evidence={evidence} />
        </div>
        <Vouching evidence={evidence} />
        <Verification verifying={props.verifying} />
        <div class="two even">
          <Ledger evidence={evidence} />
          <Refusals evidence={evidence} />
        </div>
        <PrivateTrace trace={props.trace} zone={evidence.zone} />
        <Log evidence={evidence} />
      </main>
    </>
  );
}

function signed(evidence: Evidence): string {
  if (evidence.signed_size === 0) return `${count(evidence.leaves.length)} leaves, no checkpoint signed yet`;
  return `Checkpoint ${count(evidence.signed_size)} signed ${timeOfDay(evidence.signed_at_ms, evidence.zone)}`;
}

function Arch({ bay }: { bay: Bay }): JSX.Element {
  return (
    <section class={`bay ${bay.verdict}`}>
      <span class="st">
        <Icon name={ICONS[bay.verdict]} />
        {bay.word}
      </span>
      <h2>{bay.name}</h2>
      <div class="n">{bay.figure}</div>
      <p>{bay.what}</p>
      <p class="mono dim">{bay.print || "\u00a0"}</p>
    </section>
  );
}

export function NoPass({ why }: { why: string }): JSX.Element {
  return (
    <main class="alone">
      <Mark />
      <h1>This desk needs an auditor’s pass</h1>
      <p role="alert">{why}</p>
      <p>On the machine that runs the show, make one for each person:</p>
      <pre>
        <code>gala pass --role auditor --name NAME --show SHOW</code>
      </pre>
      <p class="dim">
        Open <code>/audit#pass=…</code> with it in this tab. The pass stays in this tab only and leaves the address bar at once.
      </p>
    </main>
  );
}
