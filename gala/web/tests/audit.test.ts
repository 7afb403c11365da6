// The arches follow from the evidence: green only over what was compared, red over anything that is not.
import { describe, expect, test } from "vitest";
import { agreement, bays, counts, refusals, refusedOn, verdict } from "../src/audit/arcade.ts";
import { spread, turnedAway } from "../src/audit/trace.tsx";
import type { Evidence } from "../src/protocol.gen.ts";
import { complete } from "../src/wire/complete.ts";

const sealed = { id: "g/s/1", title: "Tetris", game: "poll", state: "sealed", equal: true, plays: 3 };
const holds = { name: "debits = credits", draw: 1, tier: 1, currency: "XTS", left: 5, right: 5, holds: true };
const drawn = { draw: 1, state: "announced", title: "Draw", entrants: 3, tickets: 3, winners: 1 };
const evidence = (more: object): Evidence => complete("Evidence", { show: "g", name: "Gala", zone: "UTC", version: 1, now_ms: 0, phase: "live", ...more });
const words = (shown: Evidence): string[] => bays(shown).map((bay) => bay.word);

describe("the arcade", () => {
  test("waits for everything at the beginning", () => {
    expect(words(evidence({}))).toEqual(["WAITS", "WAITS", "WAITS", "WAITS", "WAITS"]);
  });

  test("passes a box at its seal, and says of a draw only that it is written until somebody checked it", () => {
    const shown = evidence({ rounds: [sealed], draws: [drawn], equations: [holds] });
    expect(words(shown)).toEqual(["PASS", "WRITTEN", "WRITTEN", "WAITS", "PASS"]);
    expect(verdict(shown).verdict).toBe("waits");
  });

  test("passes all when every check of the bundle does", () => {
    const names = ["round g/s/1", "draw 1 roster", "draw 1 result", "prizes", "ledger"];
    const checks = names.map((name) => ({ name, ok: true, detail: "" }));
    const shown = evidence({ rounds: [sealed], draws: [drawn], equations: [holds], checks });
    expect(words(shown)).toEqual(["PASS", "PASS", "PASS", "PASS", "PASS"]);
    expect(verdict(shown)).toEqual({ verdict: "pass", words: "5 checks pass" });
  });

  test.each([
    ["an unequal box", { rounds: [{ ...sealed, equal: false }] }, 0],
    ["a box that the bundle belies", { rounds: [sealed], checks: [{ name: "round g/s/1", ok: false, detail: "" }] }, 0],
    ["a roster that does not check", { draws: [drawn], checks: [{ name: "draw 1 roster", ok: false, detail: "" }] }, 1],
    ["an equation that does not hold", { equations: [{ ...holds, holds: false }] }, 4],
  ])("fails over %s", (_name, more, place) => {
    const shown = evidence(more);
    expect(words(shown)[place]).toBe("FAIL");
    expect(verdict(shown).verdict).toBe("fail");
  });

  test("adds up all draws that have begun, and none of those to come or called off", () => {
    const second = { ...drawn, draw: 2, entrants: 0, tickets: 0, winners: 0 };
    const [ahead, off] = [{ ...drawn, draw: 3, state: "armed" }, { ...drawn, draw: 4, state: "void" }];
    const shown = bays(evidence({ draws: [drawn, second, ahead, off] }));
    expect(shown.slice(1, 4).map((bay) => bay.figure)).toEqual(["3", "1", "1"]);
    expect(shown[1]!.what).toBe("places in 2 rosters, 3 tickets");
    expect(shown[2]!.what).toBe("winners of 2 draws, the lowest scores");
  });

  test("does not ask void rounds for anything", () => {
    expect(words(evidence({ rounds: [{ ...sealed, state: "void", equal: false }] }))[0]).toBe("WAITS");
  });
});

test("a round says where it stands, and each count twice", () => {
  const { rounds } = evidence({ rounds: [{ ...sealed, counters: { b: 2, a: 1 }, recount: { a: 1, c: 4 } }] });
  expect(agreement(rounds[0]!)).toEqual({ verdict: "pass", words: "equal" });
  expect(counts(rounds[0]!)).toEqual([
    { name: "a", counter: 1, recount: 1 },
    { name: "b", counter: 2, recount: 0 },
    { name: "c", counter: 0, recount: 4 },
  ]);
});

test("refusals are added up by reason over all rounds, most first", () => {
  const second = { ...sealed, id: "g/t/1", title: "Whack" };
  const shown = evidence({ rounds: [{ ...sealed, refused: { locked: 1, too_fast: 3 } }, { ...second, refused: { locked: 4 } }] });
  expect(refusals(shown)).toEqual([
    { reason: "locked", plays: 5, rounds: ["Tetris", "Whack"] },
    { reason: "too_fast", plays: 3, rounds: ["Tetris"] },
  ]);
});

test("refusals of a reason are told by the channel they came from", () => {
  const one = { ...sealed, refused_by_channel: { locked: { hall: 1, app: 2 } } };
  const other = { ...sealed, id: "g/t/1", refused_by_channel: { locked: { hall: 3 }, too_fast: { app: 9 } } };
  expect(refusedOn(evidence({ rounds: [one, other] }), "locked")).toEqual([["hall", 4], ["app", 2]]);
});

describe("the private trace", () => {
  test("says whom it turned away, why and where", () => {
    const minute = complete("TraceMinute", { at_ms: 0, refused: { busy_network: { app: 1200, cable: 3 }, bad_token: { "": 2 } } });
    expect(turnedAway(minute)).toBe("busy network: app 1,200, cable 3; bad token: 2");
    expect(turnedAway(complete("TraceMinute", { at_ms: 0 }))).toBe("");
  });

  test("shows how far samples spread, and nothing of none", () => {
    expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toBe("2 · 6 · 10");
    expect(spread([7])).toBe("7 · 7 · 7");
    expect(spread([])).toBe("");
  });
});
