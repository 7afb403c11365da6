/** The question before a draw ends without a result: a reason, and its name typed out. */
import { useState } from "preact/hooks";
import type { Console } from "./console.ts";
import { type Desk, type Draw, segmentOf } from "./desk.ts";
import { Frame, Point, Reason, Typed } from "./frame.tsx";
import { typedFor } from "./readiness.ts";
import { count, money } from "./times.ts";

export function VoidDraw({ console: c, desk, draw }: { console: Console; desk: Desk; draw: Draw }) {
  const [reason, write] = useState("");
  const [typed, type] = useState("");
  const word = typedFor(draw);
  const said = reason.trim();
  const sure = typed.trim().toUpperCase() === word;
  return (
    <Frame
      console={c}
      title={`Void draw ${draw.draw}, ${segmentOf(desk, draw.segment)?.title ?? draw.segment}?`}
      kicker="It ends without a result, and this cannot be undone."
      icon="barred"
      kind="danger"
      confirm={said && sure ? () => c.confirm({ reason: said, typed }) : null}
      confirmWord={!said ? "Give a reason first" : sure ? `Void draw ${draw.draw}` : `Type ${word} first`}
      asideWord="It is published."
    >
      <Reason asks="Why? Whoever audits the evening will read this." value={reason} write={write} first />
      <Typed word={word} value={typed} write={type} />
      <ul>
        <Point icon="ticket">
          Nobody wins: <b>{count(draw.prizes)}</b> prizes, {money(draw.budget_minor, draw.currency)} return to the budget.
        </Point>
        {!desk.rehearsal && (
          <Point icon="eye">It stands only if a witness cosigns the log before the last round of the beacon.</Point>
        )}
        <Point icon="list">The number {draw.draw} is spent: no other draw takes its place.</Point>
      </ul>
    </Frame>
  );
}
