/** The cues of what is on air and of what comes then; or of the segment looked at. */
import type { Console } from "./console.ts";
import { act, type Cue, type Desk, following, newestFired, onAir, place, type Segment, who } from "./desk.ts";
import { Icon } from "./icons.tsx";
import { tied, tiedWords, whyFixed } from "./retime.ts";
import { elapsed, timeOfDay } from "./times.ts";

export function Cues({ console: c, desk }: { console: Console; desk: Desk }) {
  const looked = place(desk, c.look.value)?.segment ?? null;
  const segment = looked ?? onAir(desk) ?? place(desk, desk.standby)?.segment ?? null;
  const next = following(desk);
  return (
    <>
      {segment && (
        <CueTable
          console={c}
          desk={desk}
          segment={segment}
          title={looked && looked.id !== desk.on_air ? "Looking at" : "Cues of"}
        />
      )}
      {!looked && next && next.id !== segment?.id && <CueTable console={c} desk={desk} segment={next} title="Then" />}
    </>
  );
}

interface CueTableProps {
  console: Console;
  desk: Desk;
  segment: Segment;
  title: string;
}

function CueTable({ console: c, desk, segment, title }: CueTableProps) {
  const id = `cues-${segment.id}`;
  const newest = segment.id === desk.on_air ? newestFired(segment)?.id : undefined;
  return (
    <section class="cl" aria-labelledby={id}>
      <div class="row">
        <h2 id={id}>
          {title} {segment.label} {segment.title}
        </h2>
        {c.look.value && (
          <button type="button" class="mini end" onClick={() => c.lookAt("")}>
            Back to air <kbd>Esc</kbd>
          </button>
        )}
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">cue</th>
            <th scope="col">what</th>
            <th scope="col" class="xs">
              timing class
            </th>
            <th scope="col">fired by</th>
            <th scope="col">at</th>
          </tr>
        </thead>
        <tbody>
          {segment.cues.map((cue, i) => (
            <CueRow
              key={cue.id}
              console={c}
              segment={segment}
              cue={cue}
              before={segment.cues[i - 1]}
              desk={desk}
              newest={cue.id === newest}
              looked={cue.id === c.look.value}
              look={() => c.lookAt(cue.id)}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface CueRowProps {
  console: Console;
  segment: Segment;
  cue: Cue;
  before: Cue | undefined;
  desk: Desk;
  newest: boolean;
  looked: boolean;
  look(): void;
}

function CueRow({ console: c, segment, cue, before, desk, newest, looked, look }: CueRowProps) {
  const kind = newest ? "cur" : cue.state === "standby" ? "nx" : cue.state === "waiting" ? "" : "done";
  return (
    <tr class={`${kind} ${looked ? "looked" : ""}`}>
      <td>{cue.label}</td>
      <td>
        {cue.state !== "skipped" ? (
          <button type="button" class="pick" aria-pressed={looked} onClick={look}>
            {act(cue)}
          </button>
        ) : (
          act(cue)
        )}
        {cue.note && <small> {cue.note}</small>}
      </td>
      <td class="xs">{cue.timing}</td>
      <td>
        {tied(cue) && cue.state !== "done" && cue.state !== "skipped" ? (
          <span class="tied">
            <Icon name="lock" /> {tiedWords(cue, desk.zone)}
          </span>
        ) : (
          firedBy(cue, before)
        )}
      </td>
      <td>
        {whyFixed(desk, { segment, cue }) === "" ? (
          <button
            type="button"
            class="mini when"
            aria-label={`Re-time ${cue.label} ${act(cue)}, due ${cueAt(cue, desk)}`}
            aria-disabled={!c.ready.value}
            onClick={() => c.ask({ is: "retime", at: { segment, cue } })}
          >
            {cueAt(cue, desk)} <Icon name="clock" />
          </button>
        ) : (
          cueAt(cue, desk)
        )}
      </td>
    </tr>
  );
}

const GO_NEEDS = { "": "GO", outcome: "GO, with the outcome", reason: "GO, with a reason" } as const;

function firedBy(cue: Cue, before: Cue | undefined): string {
  if (cue.state === "done") return who(cue.fired_by);
  if (cue.state === "skipped") return "skipped";
  if (cue.by === "go") return GO_NEEDS[cue.needs];
  return cue.by === "after" && before ? `follows ${before.label}` : "by itself";
}

function cueAt(cue: Cue, desk: Desk): string {
  if (cue.fired_at_ms > 0) return timeOfDay(cue.fired_at_ms, desk.zone);
  if (cue.state === "skipped") return "–";
  if (cue.due_at_ms > 0) return timeOfDay(cue.due_at_ms, desk.zone);
  return cue.by === "after" ? `+${elapsed(cue.after_ms)}` : "on the word";
}
