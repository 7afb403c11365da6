// What a phone does when the service asks it to wait: laws of its gathering, and a boost that stays here and goes out.
import { describe, expect, test } from "vitest";
import type { Play, PlayReply, Relief, RoundMine } from "../src/protocol.gen.ts";
import { gatherTaps, isTotalDue } from "../src/games/taps.ts";
import { isDue } from "../src/games/hits.ts";
import { complete } from "../src/wire/complete.ts";
import { Plays, staysHere, type LocalPlay } from "../src/wire/plays.ts";
import { goesOutAfter, NONE, waits } from "../src/wire/relief.ts";

const BEAM = "gala/beam/1";
const PRESSED: Relief = { level: 4, gather_ms: 2000 };
const round = { id: BEAM, game: "boost", state: "open" as const, public: { threshold: 100, tickets: 1 } };
const boosts = (total: number, fan = false) => ({ round: BEAM, move: { total, for: "xia", fan } });
const slot = (total: number, fan = false): RoundMine => ({ seq: 1, has: { for: "xia", total, fan }, entries: 0 });

describe("gathering", () => {
  test("lasts as long as the service asks, for taps and for hits, and never shorter than usual", () => {
    const sent = { total: 5, at_ms: 1000 };
    expect(gatherTaps(0, Infinity, 7)).toBe(300);
    expect(gatherTaps(2000, Infinity, 7)).toBe(2000);
    expect(isTotalDue(6, sent, false, 1999, 2000)).toBe(false);
    expect(isTotalDue(6, sent, false, 2000, 2000)).toBe(true);
    expect(isTotalDue(6, { total: 5, at_ms: 1800 }, false, 2099, 2000)).toBe(false);
    expect(isTotalDue(6, { total: 5, at_ms: 1800 }, false, 2100, 2000)).toBe(true);
    expect(isTotalDue(5, sent, true, 2500, 2000)).toBe(false);
    const hits = [{ mole: 1, at_ms: 900 }];
    expect(isDue(hits, { hit_at_ms: 0, at_ms: 1000 }, 2999, false, 2000)).toBe(false);
    expect(isDue(hits, { hit_at_ms: 0, at_ms: 1000 }, 3000, false, 2000)).toBe(true);
    expect(isDue(hits, { hit_at_ms: 0, at_ms: 1000 }, 1001, true, 2000)).toBe(true);
  });

  test("spreads phones that all hear of it at once over all of the time, and no tap waits longer than that", () => {
    const chance = (seat: number): number => ((seat * 7919) % 300) + 10_000;
    const due = (from_ms: number, seat: number): number => {
      let at_ms = from_ms;
      while (!isTotalDue(6, { total: 5, at_ms: from_ms }, false, at_ms, 2000, seat)) at_ms += 10;
      return at_ms;
    };
    const first = Array.from({ length: 1000 }, (_none, seat) => due(chance(seat), seat));
    const again = first.map((at_ms, seat) => due(at_ms, seat));
    for (const instants of [first, again]) {
      const fifths = new Map<number, number>();
      for (const at_ms of instants) fifths.set(Math.floor(at_ms / 400), (fifths.get(Math.floor(at_ms / 400)) ?? 0) + 1);
      expect(Math.max(...fifths.values())).toBeLessThanOrEqual(280);
    }
    first.forEach((at_ms, seat) => {
      expect(at_ms - chance(seat)).toBeLessThanOrEqual(2300);
      expect(again[seat]! - at_ms).toBeGreaterThanOrEqual(1690); // its instant may have come while it waited the usual 300
      expect(again[seat]! - at_ms).toBeLessThanOrEqual(2010);
    });
  });

  test("ends before the round does, at an instant of each phone's own", () => {
    const from = Array.from({ length: 1000 }, (_none, seat) => {
      let left_ms = 5000;
      while (gatherTaps(2000, left_ms, seat) > 300) left_ms -= 10;
      return left_ms;
    });
    expect(Math.min(...from)).toBeGreaterThanOrEqual(590);
    expect(Math.max(...from)).toBeLessThanOrEqual(2600);
    const tenths = new Map<number, number>();
    for (const left_ms of from) tenths.set(Math.floor(left_ms / 200), (tenths.get(Math.floor(left_ms / 200)) ?? 0) + 1);
    expect(Math.max(...tenths.values())).toBeLessThanOrEqual(110);
  });
});

describe("what waits", () => {
  test("is a boost of the round that runs, from level 4 on, and nothing else", () => {
    expect(waits(PRESSED, round, boosts(9), slot(4))).toBe(true);
    expect(waits(PRESSED, round, boosts(9), undefined)).toBe(true);
    expect(waits({ ...PRESSED, level: 5 }, round, boosts(9), slot(4))).toBe(true);
    expect(waits({ ...PRESSED, level: 3 }, round, boosts(9), slot(4))).toBe(false);
    expect(waits(NONE, round, boosts(9), slot(4))).toBe(false);
    for (const game of ["poll", "whack", "rain"]) expect(waits(PRESSED, { ...round, game }, boosts(9), slot(4))).toBe(false);
  });

  test("no longer waits once its round is over: it is told what becomes of it", () => {
    expect(waits(PRESSED, { ...round, state: "locked" }, boosts(9), slot(4))).toBe(false);
    expect(waits(PRESSED, { ...round, id: "gala/other/1" }, boosts(9), slot(4))).toBe(false);
    expect(waits(PRESSED, null, boosts(9), slot(4))).toBe(false);
  });

  test("never is the boost that earns the entry", () => {
    expect(waits(PRESSED, round, boosts(99), slot(90))).toBe(true);
    expect(waits(PRESSED, round, boosts(100), slot(90))).toBe(false);
    expect(waits(PRESSED, round, boosts(130), undefined)).toBe(false);
    expect(waits(PRESSED, round, boosts(130), slot(100))).toBe(true);
    expect(waits(PRESSED, { ...round, public: { threshold: 100, tickets: 0 } }, boosts(130), undefined)).toBe(true);
  });

  test("never is a viewer's word on being shown", () => {
    expect(waits(PRESSED, round, boosts(9, true), slot(4))).toBe(false);
    expect(waits(PRESSED, round, boosts(9, false), slot(4, true))).toBe(false);
    expect(waits(PRESSED, round, boosts(9, true), slot(4, true))).toBe(true);
  });

  test("goes out within the time to gather, and at the latest half-way to the close", () => {
    expect(goesOutAfter(2000, Infinity, 0.5)).toBe(1000);
    expect(goesOutAfter(2000, 1000, 1)).toBe(500);
    expect(goesOutAfter(2000, -50, 1)).toBe(0);
    expect(goesOutAfter(0, 1000, 1)).toBe(0);
  });
});

describe("a boost at level 4", () => {
  const kept = new Map<string, string>();
  const sent: Play[] = [];
  const replies: ((reply: Partial<PlayReply>) => void)[] = [];
  let relief = NONE;
  const tab = (): Plays =>
    new Plays(
      { get: (name) => kept.get(name) ?? "", set: (name, value) => void kept.set(name, value), watch: () => undefined },
      (play) => {
        sent.push(play);
        return new Promise((done) => replies.push((reply) => done(complete("PlayReply", reply))));
      },
      () => true,
      () => undefined,
      () => undefined,
      () => 5000,
      (play) => waits(relief, round, play, undefined),
    );
  const held = (plays: Plays): LocalPlay => plays.all.value[BEAM]!;

  test("stays on the phone, also through a reload, and its newest total goes out when the level falls", async () => {
    const plays = tab();
    relief = PRESSED;
    for (const total of [12, 30]) plays.make(BEAM, { total, for: "xia", fan: false }, `${total}`, "Beam", undefined);
    expect(sent).toEqual([]);
    expect(staysHere(held(plays))).toBe(true);
    const again = tab();
    again.resume();
    again.release();
    expect(sent).toEqual([]);
    expect(staysHere(held(again))).toBe(true);
    relief = { level: 3, gather_ms: 2000 };
    again.release();
    expect(sent.map((play) => play.move.total)).toEqual([30]);
    expect(held(again)).toMatchObject({ status: "sending", reason: "" });
    replies[0]!({ status: "counted", mine: slot(30) });
    await new Promise((done) => setImmediate(done));
    expect(held(again).status).toBe("counted");
  });
});
