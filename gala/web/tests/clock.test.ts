// The clock is a function of its samples: networks and local clocks are written out, nothing waits.
import { describe, expect, test } from "vitest";
import { GalaClock } from "../src/wire/clock.ts";
import recorded from "./trips.json";

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
    expect(clock.bound_ms(2000)).toBeCloseTo(21, 0);
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
    exchange(clock, 4000, 10, 10, -50); // better known, later: 50 ms behind
    let before = clock.at(4020);
    for (let local = 4021; local < 16_000; local += 40) {
      const now = clock.at(local);
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    expect(clock.at(4020) - 4020).toBeCloseTo(0, 6);
    expect(clock.at(6020) - 6020).toBeCloseTo(-10, 6);
    expect(clock.at(24_020) - 24_020).toBeCloseTo(-50, 6);
  });

  test("while it settles, better known is believed at once", () => {
    const clock = new GalaClock();
    clock.reset(0, 1, 0);
    for (let i = 0; i < 8; i++) exchange(clock, i * 150, 240, 160, 0); // 40 ms ahead: more way up than down
    expect(clock.at(1500) - 1500).toBeCloseTo(40, 6);
    exchange(clock, 2000, 150, 150, 0); // the second burst
    expect(clock.at(2300) - 2300).toBeCloseTo(0, 6);
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

// trips.json: `sync` exchanges of a phone with a real edge, [t0, t1, t2, t3] in ms, straight and through a relay that
// held each packet back as a home network and a busy mobile one do; `ahead_ms`: gala time minus the phone's, read on
// the one machine both ran on, to a millisecond.
describe.each(Object.entries(recorded))("recorded over %s", (_name, { ahead_ms, trips }) => {
  test("after the burst and ever after the error is within what the clock itself says", () => {
    const clock = new GalaClock();
    clock.reset(ahead_ms + 800, 1, 0); // the welcome was long on its way
    trips.forEach(([t0 = 0, t1 = 0, t2 = 0, t3 = 0], i) => {
      clock.sample(t0, t1, t2, t3);
      const error = Math.abs(clock.at(t3) - t3 - ahead_ms);
      expect(error, `exchange ${i}`).toBeLessThanOrEqual(clock.bound_ms(t3) + 1);
    });
    const last = trips.at(-1)?.[3] ?? 0;
    expect(Math.abs(clock.at(last) - last - ahead_ms)).toBeLessThan(40);
  });
});

/** A phone on a network of its own for ten minutes; calls `look` about every second with local and true gala time. */
function simulate(seed: number, look: (clock: GalaClock, local: number, truth: number) => void): void {
  let state = seed * 7919 + 17;
  const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const drift = (chance() - 0.5) * 80e-6;
  const ahead = 1e9 + chance() * 1e6;
  const way = 3 + chance() * 57;
  const there = way * (0.8 + 0.4 * chance()); // lopsided: up and down of an access network differ
  const back = 2 * way - there;
  const held = (): number => -Math.log(1 - chance()) * 12 + (chance() < 0.05 ? chance() * 400 : 0);
  const gala = (local: number): number => ahead + local * (1 + drift);
  const clock = new GalaClock();
  clock.reset(gala(0) - there - held(), 1, 0);
  const exchange = (at: number): void => {
    const seen = at + there + held();
    clock.sample(at, Math.floor(gala(seen)), Math.floor(gala(seen)), seen + back + held());
  };
  for (let i = 0; i < 8; i++) exchange(i * 150);
  let next = 20_000;
  for (let local = 3000; local < 600_000; local += 1000) {
    if (local >= next) {
      exchange(local - 900);
      next += 20_000;
    }
    look(clock, local, gala(local));
  }
}

describe("two hundred phones on networks of their own", () => {
  const errors: number[][] = [];
  const broken: string[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const own: number[] = [];
    let before: [local: number, shown: number] | null = null;
    simulate(seed, (clock, local, truth) => {
      const shown = clock.at(local);
      own.push(shown - truth);
      if (Math.abs(shown - truth) > clock.bound_ms(local)) broken.push(`${seed} at ${local}: beyond its bound`);
      if (before) {
        const moved = Math.abs(shown - before[1] - (local - before[0]));
        if (moved > 5.001) broken.push(`${seed} at ${local}: ${moved} ms in a second`);
      }
      before = [local, shown];
    });
    errors.push(own);
  }
  const at = (sorted: number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? Infinity;
  const ascending = (values: number[]): number[] => values.map(Math.abs).sort((a, b) => a - b);

  test("none is ever farther off than it says, and none corrects itself by more than 5 ms a second", () => {
    expect(broken).toEqual([]);
  });

  test("most are within a few milliseconds of gala time, and nearly all within 16 of each other", () => {
    const all = ascending(errors.flat());
    expect(at(all, 0.5)).toBeLessThan(4);
    expect(at(all, 0.95)).toBeLessThan(12);
    const skew = ascending(errors.slice(1).flatMap((own, i) => own.map((error, t) => error - (errors[i]?.[t] ?? 0))));
    expect(at(skew, 0.95)).toBeLessThan(16);
  });
});
