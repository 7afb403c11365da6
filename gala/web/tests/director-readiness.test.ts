// Go or no go for the next draw: what would make it void if nobody did anything, and nothing else, in words.
import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { answered, overtaken } from "../src/director/asked.ts";
import type { Desk, Draw } from "../src/director/desk.ts";
import { ready, voidable } from "../src/director/readiness.ts";

const shown = (name: string, more: Partial<Desk> = {}): Desk => ({ ...DESKS[name]!(), ...more });
const of = (desk: Desk): Draw => desk.draws[0]!;
const says = (desk: Desk, nowMs = desk.now_ms) => ready(desk, of(desk), nowMs);

test("a draw whose parties have committed and whose witness is awake is a go", () => {
  expect(says(shown("ready"))).toEqual({ is: "go", words: "Every party has committed, a witness is awake.", lines: [] });
});

test("a missing commitment and a sleeping witness are a no go, each with what comes of it and when", () => {
  const found = says(shown("unready"));
  expect(found?.is).toBe("no");
  expect(found?.lines).toEqual([
    "auditor has not committed: without it the roster cannot be frozen, and the draw is void at 00:44:30.",
    "No witness is awake (auditor.example/w1 and paper.example/w1): the close waits for one, and without it the draw is void at 00:44:30.",
  ]);
});

test("a party that has yet to reveal is waited for, and stops nothing", () => {
  expect(says(shown("armed"))?.is).toBe("wait");
});

test("a close that nobody cosigned is a no go until the beacon speaks, and a witnessed one a go", () => {
  const unseen = shown("unseen");
  expect(says(unseen)?.lines[0]).toBe("Void unless a witness cosigns within 0:26.");
  expect(says(unseen, unseen.now_ms + 60_000)?.lines[0]).toContain("from before the beacon");
  expect(says(shown("frozen"))?.is).toBe("go");
});

test("a rehearsal stands in for everybody, and a draw that has ended says nothing", () => {
  expect(says(shown("unready", { rehearsal: true }))?.is).toBe("go");
  expect(says(shown("drawn"))).toBeNull();
});

test("a draw can be voided until its reveals are closed, by its name and a reason, and not by either alone", () => {
  const desk = shown("armed");
  const draw = voidable(desk)!;
  const sheet = { is: "void_draw", draw } as const;
  expect(answered(sheet, { reason: "misprinted" }, desk)).toBeNull();
  expect(answered(sheet, { typed: "VOID 1" }, desk)).toBeNull();
  expect(answered(sheet, { reason: " ", typed: "VOID 1" }, desk)).toBeNull();
  expect(answered(sheet, { reason: "misprinted", typed: "VOID 2" }, desk)).toBeNull();
  expect(answered(sheet, { reason: "misprinted", typed: "void 1 " }, desk)).toEqual({
    what: "Void draw 1",
    cue: { cue: "void_draw", draw: 1, reason: "misprinted" },
  });
  expect(overtaken(sheet, desk)).toBe(false);
  expect(overtaken(sheet, shown("frozen"))).toBe(true);
  expect(voidable(shown("frozen"))).toBeNull();
});
