import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { advice, axis, picture, without, worst } from "../src/director/windows.ts";

const live = () => picture(DESKS.live!(), null)!;

test("the round on air is drawn by the clock, what stands by as it is planned", () => {
  expect(live()).toMatchObject({ planned: false, lockMs: live().openMs + 36_000 });
  expect(picture(DESKS.override!(), null)).toMatchObject({ planned: true, openMs: 0, lockMs: 36_000 });
});

test("a channel that cannot play is named first, with the seconds that are missing", () => {
  expect(advice(live().windows)).toEqual([
    { level: "red", who: "Abroad sees none of it: −9 s.", what: "Open 17 s earlier, or mark it play-along only." },
    { level: "yellow", who: "App sees 7 s.", what: "Open 1 s earlier to make it enough." },
  ]);
  expect(worst(live().windows)).toBe("red");
});

test("every bar, line and gap lies on the axis, also before the opening and long after the lock", () => {
  const shown = live();
  for (const now of [shown.openMs - 60_000, shown.openMs, shown.openMs + 20_000, shown.lockMs + 600_000]) {
    for (const lockMs of [shown.lockMs, 0]) {
      const at = axis({ ...shown, lockMs }, now);
      for (const { from, width } of at.bars) {
        expect(from).toBeGreaterThanOrEqual(0);
        expect(width).toBeGreaterThan(0);
      }
      if (at.lock !== null && at.now !== null) expect(at.now < at.lock).toBe(now < shown.lockMs);
    }
  }
});

test("in a prediction every playable bar ends at the lock", () => {
  const at = axis(live(), live().openMs);
  for (const { window, from, width } of at.bars) {
    if (window.level !== "red") expect(from + width).toBeCloseTo(at.lock!);
  }
});

test("a channel that only watches is no fault, and needs no advice", () => {
  const shown = picture(DESKS.watch!(), null)!;
  expect(worst(shown.windows)).toBe("yellow"); // for the app, which plays
  expect(advice(shown.windows).map((one) => one.who)).toEqual(["App sees 7 s."]);
  for (const { width } of axis(shown, shown.openMs).bars) expect(width).toBeGreaterThan(0);
});

test("before GO a red window is told with its seconds and what is left to do", () => {
  const abroad = live().windows.find((window) => window.channel === "abroad")!;
  expect(without(abroad)).toBe("sees none of it: −9 s. Open 17 s earlier, or go on without it.");
});
