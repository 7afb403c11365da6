/** Moving a timed cue, and swapping two segments: what it would be, before it is so. */
import { useState } from "preact/hooks";
import type { Console } from "./console.ts";
import { act, type CuePlace, type Desk } from "./desk.ts";
import { Frame, Point, Reason } from "./frame.tsx";
import { Icon } from "./icons.tsx";
import { swapped, waiting } from "./order.ts";
import { momentFrom, tied, tiedWords } from "./retime.ts";
import { elapsed, timeOfDay } from "./times.ts";

const STEPS = ["-30", "-5", "+5", "+30"];

export function Retime({ console: c, desk, at }: { console: Console; desk: Desk; at: CuePlace }) {
  const due = at.cue.due_at_ms;
  const [typed, type] = useState("");
  const [reason, write] = useState("");
  const fixed = tied(at.cue);
  const to = momentFrom(typed, due, desk.zone);
  const problem = typed.trim() === "" ? "" : problemOf(to, due, c.now.value);
  const whole = to !== null && !problem && (!fixed || reason.trim() !== "");
  return (
    <Frame
      console={c}
      title={fixed ? `Move what is ${tiedWords(at.cue, desk.zone)}?` : `When: ${at.cue.label} ${act(at.cue).toLowerCase()}?`}
      kicker={`${at.cue.label} ${at.segment.title}: due ${timeOfDay(due, desk.zone)}, ${desk.zone}`}
      icon={fixed ? "lock" : "clock"}
      kind={fixed ? "danger" : ""}
      confirm={whole ? () => c.confirm({ at_ms: to, reason }) : null}
      confirmWord={whole ? `Move to ${timeOfDay(to, desk.zone)}` : fixed && to !== null && !problem ? "Give a reason first" : "Type when"}
      asideWord="It is logged."
    >
      <label class="reason">
        <span>
          A time in {desk.zone}, as <b>22:15:30</b>, or seconds from there, as <b>+30</b> or <b>−5</b>
        </span>
        <input
          type="text"
          autofocus
          autocomplete="off"
          maxLength={9}
          placeholder={timeOfDay(due, desk.zone)}
          value={typed}
          aria-invalid={problem !== ""}
          aria-describedby="retime-to"
          onInput={(event) => type(event.currentTarget.value)}
        />
      </label>
      <p class="row steps-by">
        {STEPS.map((step) => (
          <button type="button" class="mini" key={step} onClick={() => type(step)}>
            {step.replace("-", "−")} s
          </button>
        ))}
      </p>
      <p class={`outlook ${problem ? "r-t" : ""}`} id="retime-to" role="status">
        {problem || (to !== null ? outlook(to, due, desk.zone) : "Nothing is moved yet.")}
      </p>
      {fixed && (
        <>
          <ul>
            <Point icon="warn">This instant is promised by the clock on the wall, not by the show. A hold does not move it.</Point>
          </ul>
          <Reason asks="Why? Whoever audits the evening will read this." value={reason} write={write} />
        </>
      )}
    </Frame>
  );
}

function problemOf(to: number | null, due: number, nowMs: number): string {
  if (to === null) return "That is no time: 22:15:30, or +30, or −5.";
  if (to === due) return "That is when it is due already.";
  return to <= nowMs ? "That instant has passed already." : "";
}

function outlook(to: number, due: number, zone: string): string {
  return `${timeOfDay(due, zone)} → ${timeOfDay(to, zone)}, ${elapsed(Math.abs(to - due))} ${to > due ? "later" : "earlier"}`;
}

export function Swap({ console: c, desk, first }: { console: Console; desk: Desk; first: string }) {
  const all = waiting(desk);
  const [picked, pick] = useState<string[]>(() => {
    const second = all[all.findIndex((segment) => segment.id === first) + 1];
    return second ? [first, second.id] : [first];
  });
  const [reason, write] = useState("");
  const [one = "", other = ""] = picked;
  const pair = all.filter((segment) => picked.includes(segment.id));
  const fixed = pair.some((segment) => segment.absolute);
  const order = other ? swapped(desk, one, other) : swapped(desk, "", "");
  const whole = pair.length === 2 && (!fixed || reason.trim() !== "");
  function toggle(id: string): void {
    if (picked.includes(id)) pick(picked.filter((had) => had !== id));
    else pick([...picked.slice(0, 1), id]);
  }
  return (
    <Frame
      console={c}
      title={pair.length === 2 ? `Swap ${pair.map((segment) => segment.label).join(" with ")}?` : "Swap which two?"}
      kicker="The order as it would be. Nothing is sent before you confirm."
      icon="swap"
      kind={fixed ? "danger" : ""}
      confirm={whole ? () => c.confirm({ target: one, other, reason }) : null}
      confirmWord={whole ? "Swap them" : pair.length < 2 ? "Pick two" : "Give a reason first"}
      asideWord="It is logged."
    >
      <ol class="order">
        {order.map(({ segment, atMs, moved }) => (
          <li key={segment.id}>
            <button type="button" aria-pressed={picked.includes(segment.id)} onClick={() => toggle(segment.id)}>
              <span class="n">{segment.label}</span>
              <b>{segment.title}</b>
              <span class="end mid">
                {moved && <s class="dim">{timeOfDay(segment.expected_at_ms, desk.zone)}</s>}
                {segment.absolute && <Icon name="lock" />}
                {moved && <Icon name={atMs > segment.expected_at_ms ? "under" : "over"} />}
                {timeOfDay(atMs, desk.zone)}
                {moved && <span class="sr">, moved</span>}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {fixed && (
        <>
          <ul>
            <Point icon="warn">
              <b>{pair.filter((segment) => segment.absolute).map((segment) => segment.title).join(", ")}</b> is tied to the clock on
              the wall: its instant stays where it is.
            </Point>
          </ul>
          <Reason asks="Why? Whoever audits the evening will read this." value={reason} write={write} first />
        </>
      )}
    </Frame>
  );
}
