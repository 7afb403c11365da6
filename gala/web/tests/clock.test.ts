// The clock is a function of its samples: networks and local clocks are written out, nothing waits.
import { describe, expect, test } from "vitest";
import { GalaClock } from "../src/wire/clock.ts";

/** One exchange over a network that takes `there` and `back` ms; gala time is `ahead + rate × local`. */
function exchange(clock: GalaClock, at: number, there: number, back: number, ahead: number, rate = 1): void {
  const seen = ahead + rate * (at + there);
  clock.sample(at, seen, seen, at + there + back);
}

describe("gala time on a phone", () => {
  test("before any exchange it is what the welcome said, going on at its pace", () => {
    const clock = new GalaClock();
    clock.reset(1_000_000, 20, 500);
    expect(clock.at(500)).toBe(1_000_000);
    expect(clock.at(1500)).toBe(1_020_000);
    expect(clock.bound_ms(500)).toBe(Infinity);
  });

  test("the error is never above half the best round trip, however lopsided the network", () => {
    const clock = new GalaClock();
    clock.reset(7_000_000, 1, 0);
    const trips: [number, number][] = [[180, 20], [40, 260], [30, 10], [90, 400], [25, 70]];
    trips.forEach(([there, back], i) => exchange(clock, i * 150, there, back, 7_000_000));
    expect(clock.bound_ms(2000)).toBeCloseTo(20, 0);
    expect(Math.abs(clock.at(2000) - 7_002_000)).toBeLessThanOrEqual(20);
  });

  test("a pace other than one is not taken for drift", () => {
    const clock = new GalaClock();
    clock.reset(5_000_000, 20, 0);
    for (let i = 0; i < 8; i++) exchange(clock, i * 150, 30, 30, 5_000_000, 20);
    expect(clock.at(10_000)).toBeCloseTo(5_200_000, 3);
  });

  test("a small correction is slewed, 5 ms a second, and time never runs backwards", () => {
    const clock = new GalaClock();
    clock.reset(0, 1, 0);
    for (let i = 0; i < 8; i++) exchange(clock, 0, 40, 40, 0); // the burst at join: exact
    exchange(clock, 100, 10, 10, -50); // better known: 50 ms behind
    let before = clock.at(120);
    for (let local = 121; local < 12_000; local += 40) {
      const now = clock.at(local);
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    expect(clock.at(120) - 120).toBeCloseTo(0, 6);
    expect(clock.at(2120) - 2120).toBeCloseTo(-10, 6);
    expect(clock.at(20_120) - 20_120).toBeCloseTo(-50, 6);
  });

  test("a large error is stepped, and so is the first exchange after the page was hidden", () => {
    const clock = new GalaClock();
    clock.reset(0, 1, 0);
    exchange(clock, 0, 5, 5, 900);
    expect(clock.at(20)).toBeCloseTo(920, 6);
    clock.woke();
    exchange(clock, 1000, 5, 5, 860);
    expect(clock.at(1020)).toBeCloseTo(1880, 6);
  });
});
