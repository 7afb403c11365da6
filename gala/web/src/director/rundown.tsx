/** The rundown: what was, what is on air, what stands by, what comes. */
import { useEffect, useRef } from "preact/hooks";
import type { Console } from "./console.ts";
import { type Desk, place, roundOf, type Segment } from "./desk.ts";
import { Icon } from "./icons.tsx";
import { againstPlan, elapsed, timeOfDay } from "./times.ts";
import { worst } from "./windows.ts";

export function Rundown({ console: c, desk }: { console: Console; desk: Desk }) {
  const list = useRef<HTMLOListElement>(null);
  const standby = place(desk, desk.standby)?.segment.id ?? "";
  const looked = place(desk, c.look.value)?.segment.id ?? "";
  const shown = looked || desk.on_air || standby;
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>(`[data-segment="${CSS.escape(shown)}"]`);
    const box = list.current?.parentElement;
    // Only the column scrolls, never the page: on a narrow screen the controls must stay where they are.
    if (row && box) box.scrollTop = row.offsetTop - box.clientHeight / 3;
  }, [shown]);
  return (
    <section class="col rundown" aria-labelledby="rundown-h">
      <div class="hd">
        <h2 id="rundown-h">Rundown</h2>
        <span class="dim end">
          {desk.segments.length} segments
          {desk.expected_end_at_ms > 0 && `, ends ${timeOfDay(desk.expected_end_at_ms, desk.zone)}`}
        </span>
      </div>
      <div class="scroll">
        <ol class="rd" ref={list}>
          {desk.segments.map((segment) => (
            <Row
              key={segment.id}
              desk={desk}
              segment={segment}
              standby={segment.id === standby}
              looked={segment.id === looked}
              look={() => c.lookAt(firstAhead(segment))}
            />
          ))}
        </ol>
      </div>
    </section>
  );
}

/** The cue a click on a segment looks at: its first to come, else its first. A skipped one has none. */
function firstAhead(segment: Segment): string {
  const cues = segment.cues.filter((cue) => cue.state !== "skipped");
  return (cues.find((cue) => cue.state !== "done") ?? cues[0])?.id ?? "";
}

interface RowProps {
  desk: Desk;
  segment: Segment;
  standby: boolean;
  looked: boolean;
  look(): void;
}

function Row({ desk, segment, standby, looked, look }: RowProps) {
  const air = segment.state === "on_air";
  const kind = air ? "air" : segment.state === "waiting" ? (standby ? "nxt" : "") : "done";
  const at = segment.started_at_ms || segment.expected_at_ms || segment.plan_at_ms;
  return (
    <li class={`${kind} ${looked ? "looked" : ""}`} data-segment={segment.id} aria-current={air ? "step" : undefined}>
      <button type="button" class="seg" onClick={look}>
        <span class="n">{segment.label}</span>
        <span>{segment.state === "skipped" ? "" : timeOfDay(at, desk.zone)}</span>
        <span class="what">
          <b>{segment.title}</b>
          <small>{underTitle(desk, segment)}</small>
        </span>
        <Tag segment={segment} standby={standby} />
      </button>
    </li>
  );
}

function Tag({ segment, standby }: { segment: Segment; standby: boolean }) {
  if (segment.state === "on_air") return <span class="tag">ON AIR</span>;
  if (segment.state === "done") {
    return (
      <span class="tag">
        <Icon name="check" />
        <span class="sr">done</span>
      </span>
    );
  }
  if (segment.state === "skipped") {
    return (
      <span class="tag">
        <Icon name="skip" />
        skipped
      </span>
    );
  }
  if (standby) return <span class="tag">STANDBY</span>;
  const level = worst(segment.windows);
  if (level !== "ok") {
    return (
      <span class={`tag ${level === "red" ? "r-t" : "w-t"}`}>
        <Icon name={level === "red" ? "barred" : "warn"} />
        <span class="sr">{level === "red" ? "a channel cannot play" : "short for a channel"}</span>
      </span>
    );
  }
  if (segment.absolute) {
    return (
      <span class="tag">
        <Icon name="lock" />
        <span class="sr">at its own instant</span>
      </span>
    );
  }
  return <span class="tag" />;
}

const KINDS: Record<string, string> = { card: "card", game: "play", draw: "draw", countdown: "countdown" };

function underTitle(desk: Desk, segment: Segment): string {
  if (segment.state === "done" && segment.started_at_ms > 0 && segment.ended_at_ms > 0) {
    const ran = segment.ended_at_ms - segment.started_at_ms;
    const plan = againstPlan(ran - segment.plan_ms);
    return `as run ${elapsed(ran)}, ${plan.words}`;
  }
  if (segment.state === "skipped") return segment.note || "skipped";
  const round = roundOf(desk, segment.id);
  if (segment.state === "on_air") {
    const done = segment.cues.filter((cue) => cue.state === "done").length;
    const what = round ? `round ${round.state}` : (KINDS[segment.kind] ?? segment.kind);
    return `${what}, ${done} of ${segment.cues.length} cues`;
  }
  const kind = KINDS[segment.kind] ?? segment.kind;
  const plan = `${kind}, ${elapsed(segment.plan_ms)}`;
  const late = againstPlan(segment.expected_at_ms - segment.plan_at_ms);
  if (segment.absolute) return `${segment.note || plan}, fixed, ${desk.zone}`;
  if (segment.note) return segment.note;
  return late.sense === "even" ? plan : `${plan}, starts ${late.words.replace("over", "late").replace("under", "early")}`;
}
