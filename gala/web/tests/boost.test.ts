// The page's part of boost, as values: running totals, the director's spells, the stage's cut, the board.
import { describe, expect, test } from "vitest";
import { boardOf, givenOf, isCut, readStars, spellAt } from "../src/games/stars.ts";
import { isTotalDue, possibleBy, tapped } from "../src/games/taps.ts";
import { complete } from "../src/wire/complete.ts";

const text = complete("SegmentText", { title: {}, choices: { b: { label: { en: "Bee" }, shape: "cross" } } });
const stars = readStars({ choices: ["a", "b", "c"], cap: 200, threshold: 100, tickets: 1, taps_per_s: 12 }, text);

describe("taps", () => {
  test("a hand of nine to eleven taps a second loses none, from the first second on", () => {
    let total = 0;
    let made = 0;
    for (let ms = 300; ms < 18_000; ms += 91) {
      total = tapped(total, 60_000, possibleBy(ms, 12));
      made++;
    }
    expect(total).toBe(made);
  });

  test("sixty taps a second gain nothing over what is possible", () => {
    let total = 0;
    for (let ms = 0; ms < 10_000; ms += 16) total = tapped(total, 60_000, possibleBy(ms, 12));
    expect(total).toBeLessThanOrEqual(132);
  });

  test("the cap is exact, and a total the service has already is never taken back", () => {
    expect(tapped(199, 200, 9999)).toBe(200);
    expect(tapped(200, 200, 9999)).toBe(200);
    expect(tapped(50, 200, 10)).toBe(50);
  });

  test("go out as one total at most every 300 ms, and again when only their pace was refused", () => {
    const sent = { total: 5, at_ms: 1000 };
    expect(isTotalDue(6, sent, false, 1299)).toBe(false);
    expect(isTotalDue(6, sent, false, 1300)).toBe(true);
    expect(isTotalDue(5, sent, false, 9000)).toBe(false);
    expect(isTotalDue(5, sent, true, 1999)).toBe(false);
    expect(isTotalDue(5, sent, true, 2000)).toBe(true);
  });
});

describe("the stage", () => {
  test("stops at its cut, and at no cut never", () => {
    expect([99, 100, 101].map((now) => isCut(100, now))).toEqual([false, true, true]);
    expect(isCut(0, 5)).toBe(false);
  });

  test("is multiplied from the first instant of a spell and no more at its last", () => {
    const spells = [[0, 10, 20_000], [50, 60, 30_000], [70, 80, 10_000]];
    expect([0, 9, 10, 55, 75].map((now) => spellAt(spells, now)?.factor_bp ?? 1)).toEqual([20_000, 20_000, 1, 30_000, 1]);
  });
});

describe("a boost", () => {
  test("names its stars from the segment's text and reads nonsense as nothing", () => {
    expect(stars.choices.map((choice) => choice.label.en)).toEqual(["a", "Bee", "c"]);
    expect(readStars({ cap: "all" }, text)).toMatchObject({ cap: 0, threshold: 0, per_s: 12 });
    expect(givenOf(undefined)).toEqual({ star: "", total: 0, stage: 0, own: 0 });
  });

  test("puts the star with most stage points first; equal ones stay in order; nothing is nothing", () => {
    const lines = boardOf(stars, { choices: { a: 10, b: 30, c: 10 } });
    expect(lines.map((line) => [line.choice.id, line.points, line.share])).toEqual([["b", 30, 60], ["a", 10, 20], ["c", 10, 20]]);
    expect(boardOf(stars, null).map((line) => line.share)).toEqual([0, 0, 0]);
  });
});
