// Which screen a phone shows, and what it reads out of messages: pure functions.
import { describe, expect, test } from "vitest";
import { chosenOf, readPoll, readTally } from "../src/games/ballot.ts";
import type { RoundView, Show } from "../src/protocol.gen.ts";
import { leftBy, phaseOf, placeOf, sceneOf } from "../src/viewer/scene.ts";
import { shelfOf } from "../src/viewer/wallet.tsx";
import { complete } from "../src/wire/complete.ts";
import type { Link } from "../src/wire/connection.ts";
import { newerShow } from "../src/wire/evening.ts";

const up: Link = { state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null };
const seated = complete("Mine", { number: 0 });
const show = (more: object): Show =>
  complete("Show", { epoch: "a", step: 1, version: 1, phase: "live", show: "s", text: "t", ...more });
const round = (more: object): RoundView =>
  complete("RoundView", {
    id: "s/t/1",
    game: "poll",
    timing: "predict",
    state: "open",
    opens_at_ms: 1000,
    closes_at_ms: 16_000,
    generation: 1,
    public: {},
    ...more,
  });

describe("what is received", () => {
  test("has every field, as a default is never sent", () => {
    const welcome = complete("Welcome", { viewer: "v", pass: "p", now_ms: 1, cohort: "c", show: { segment: { id: "x" } } });
    expect(welcome.rate).toBe(1);
    expect(welcome.mine).toBeUndefined();
    expect(welcome.show).toMatchObject({ held: false, round: null, segment: { id: "x", look_up: false } });
    expect(complete("Mine", { rounds: { r: { seq: 1, has: {} } } }).rounds.r?.entries).toBe(0);
    expect(complete("Mine", null).number).toBe(-1);
  });

  test("of two views the later step stands, and another epoch counts anew", () => {
    const [old, late] = [show({ step: 3 }), show({ step: 7 })];
    expect(newerShow(late, old)).toBe(late);
    expect(newerShow(old, late)).toBe(late);
    const anew = show({ epoch: "b", step: 0 });
    expect(newerShow(late, anew)).toBe(anew);
    expect(newerShow(late, old, true)).toBe(old); // of a slower channel, whose steps are behind
  });
});

describe("the scene", () => {
  const view = (of: Show | null, mine = seated, link = up) => sceneOf(link, of, mine);

  test("is the door until one has a number, whatever runs", () => {
    expect(view(show({ round: round({}) }), complete("Mine", {}))).toBe("join");
    expect(view(show({ phase: "ended" }), complete("Mine", {}))).toBe("ended");
  });

  test("is quiet under the kill switch, whatever runs, at the door and for the seated alike", () => {
    expect(view(show({ round: round({}), quiet: true }))).toBe("quiet");
    expect(view(show({ round: round({}), quiet: true }), complete("Mine", {}))).toBe("quiet");
    expect(view(show({ phase: "ended", quiet: true }))).toBe("ended");
  });

  test("says that there is no link only after a second failed try, as short breaks are common", () => {
    expect(view(show({}), seated, { ...up, state: "down", tries: 1 })).toBe("wait");
    expect(view(show({}), seated, { ...up, state: "down", tries: 2 })).toBe("nolink");
  });

  test("tells a service that is only starting from one that says no", () => {
    expect(view(null, seated, { ...up, state: "refused", reason: "starting" })).toBe("joining");
    expect(view(null, seated, { ...up, state: "refused", reason: "bad_pass" })).toBe("refused");
  });

  test("an open round comes before the card of its segment, and a closed one not before another's", () => {
    const card = { id: "x", kind: "card", text: "t", started_at_ms: 0 };
    expect(view(show({ segment: card, round: round({}) }))).toBe("round");
    expect(view(show({ segment: card, round: round({ state: "revealed" }) }))).toBe("card");
    expect(view(show({ segment: { ...card, look_up: true } }))).toBe("lookup");
  });
});

describe("a round", () => {
  test("closes on this phone's clock before the service says so, but not while the show is on hold", () => {
    expect(phaseOf(round({}), false, 15_999)).toBe("open");
    expect(phaseOf(round({}), false, 16_000)).toBe("closing");
    expect(phaseOf(round({}), true, 16_000)).toBe("open");
    expect(phaseOf(round({ closes_at_ms: 0 }), false, 9e12)).toBe("open");
    expect(phaseOf(round({ state: "void" }), false, 1000)).toBe("void");
  });

  test("is late only for a delayed picture in a round that closes for all at once", () => {
    const tight = round({ closes_at_ms: 8000 });
    expect(leftBy(tight, 20_000)).toBe("little");
    expect(leftBy(tight, 0)).toBe("all");
    expect(leftBy({ ...tight, timing: "appear" }, 20_000)).toBe("all");
    expect(leftBy(round({}), 20_000)).toBe("all");
  });

  test("is none for a picture that brings it after it closed, or a moment before", () => {
    expect(leftBy(round({ closes_at_ms: 1999 }), 20_000)).toBe("none");
    expect(leftBy(round({ closes_at_ms: 2000 }), 20_000)).toBe("little");
    expect(leftBy(round({ opens_at_ms: 9000, closes_at_ms: 2000 }), 20_000)).toBe("none");
  });

  test("gives way to an honest word only for whoever has not played it, and not to its result", () => {
    const missed = round({ closes_at_ms: 500, state: "locked" });
    expect(placeOf(missed, "locked", 20_000, false)).toBe("missed");
    expect(placeOf(missed, "locked", 20_000, true)).toBe("game");
    expect(placeOf(missed, "revealed", 20_000, false)).toBe("game");
    expect(placeOf(round({ watch_only: true }), "open", 45_000, false)).toBe("watch");
  });
});

describe("a poll", () => {
  const text = complete("SegmentText", { title: {}, choices: { b: { label: { en: "Bee" }, shape: "cross" } } });

  test("gives each of its choices a label and a shape, and the seventh another look than the first", () => {
    const poll = readPoll({ choices: ["a", { id: "b" }, "c", "d", "e", "f", "g"] }, text);
    expect(poll.choices.map((choice) => choice.shape).slice(0, 2)).toEqual(["disc", "cross"]);
    expect(poll.choices[0]?.label).toEqual({ en: "a" });
    expect(poll.choices[6]).toMatchObject({ shape: "disc", hollow: true });
    expect(poll).toMatchObject({ allowance: 1, revise: false, tickets: 0 });
  });

  test("shows what a slot holds in its own order, and counts that are missing as none", () => {
    const poll = readPoll({ choices: ["a", "b"] }, text);
    expect(chosenOf(poll, { choices: ["b", "a"] }).map((choice) => choice.id)).toEqual(["a", "b"]);
    expect(chosenOf(poll, undefined)).toEqual([]);
    expect(readTally(undefined).of("a")).toBe(0);
    expect(readTally({ voters: 3, choices: { a: 2 } }).of("a")).toBe(2);
  });
});

test("a voucher is ready inside its window only, by the window's own instants", () => {
  const voucher = complete("VoucherView", { state: "issued", valid_from_at_ms: 10, valid_until_at_ms: 20 });
  expect([9, 10, 19, 20].map((now) => shelfOf(voucher, now))).toEqual(["later", "ready", "ready", "done"]);
  expect(shelfOf({ ...voucher, state: "redeemed" }, 15)).toBe("done");
  expect(shelfOf({ ...voucher, state: "claimed" }, 15)).toBe("ready");
  for (const state of ["expired", "passed", "returned"] as const) expect(shelfOf({ ...voucher, state }, 15)).toBe("done");
});

test("a voucher with a date is to be claimed before it, and is nobody's own after it unless it was", () => {
  const voucher = complete("VoucherView", { claim_until_at_ms: 12, valid_from_at_ms: 10, valid_until_at_ms: 20 });
  expect([5, 11, 12, 19].map((now) => shelfOf(voucher, now))).toEqual(["claim", "claim", "done", "done"]);
  const claimed = { ...voucher, state: "claimed" } as const;
  expect([5, 11, 12, 19, 20].map((now) => shelfOf(claimed, now))).toEqual(["later", "ready", "ready", "ready", "done"]);
});
