import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { type Desk, place } from "../src/director/desk.ts";
import { proposed, swapped, upcoming } from "../src/director/order.ts";
import { momentFrom, retimable, tiedWords, whyFixed } from "../src/director/retime.ts";
import { timeOfDay } from "../src/director/times.ts";
import { delayFrom, nudged, wouldSee } from "../src/director/tuning.ts";

const at = (name: string, more: Partial<Desk> = {}): Desk => ({ ...DESKS[name]!(), ...more });
const ZONE = "Asia/Shanghai";
const china = (text: string): number => Date.parse(`${text}+08:00`);

test("a time is the show's zone's, on the day nearest to when the cue is due", () => {
  const late = china("2019-11-10T23:58:00");
  expect(momentFrom("23:59:30", late, ZONE)).toBe(china("2019-11-10T23:59:30"));
  expect(momentFrom("00:00:30", late, ZONE)).toBe(china("2019-11-11T00:00:30"));
  expect(momentFrom("0:10", late, ZONE)).toBe(china("2019-11-11T00:10:00"));
  const early = china("2019-11-11T00:02:00");
  expect(momentFrom("23:59", early, ZONE)).toBe(china("2019-11-10T23:59:00"));
});

test("seconds are counted from when the cue is due, either way", () => {
  const due = china("2019-11-10T22:15:00");
  expect(momentFrom("+30", due, ZONE)).toBe(due + 30_000);
  expect(momentFrom("−5", due, ZONE)).toBe(due - 5_000);
  expect(momentFrom(" -1:30 ", due, ZONE)).toBe(due - 90_000);
});

test("what is no time moves nothing", () => {
  const due = china("2019-11-10T22:15:00");
  for (const typed of ["", "soon", "25:00", "22:60", "22:15:61", "30", "+", "+1:2:3", "22.15"]) {
    expect(momentFrom(typed, due, ZONE)).toBeNull();
  }
});

test("a time typed across the change of a zone's clocks is the one its clocks show", () => {
  const due = Date.parse("2019-10-27T00:30:00Z"); // 02:30 in Berlin, an hour before its clocks go back
  const found = momentFrom("04:00:00", due, "Europe/Berlin")!;
  expect(timeOfDay(found, "Europe/Berlin")).toBe("04:00:00");
});

test("only a timed cue whose instant is known is moved, and not while the show is held", () => {
  const fixed = (desk: Desk, id: string) => whyFixed(desk, place(desk, id)!);
  expect(fixed(at("live"), "seg-5.lock")).toBe("");
  expect(fixed(at("live"), "seg-5.settle")).toContain("waits for a person");
  expect(fixed(at("live"), "seg-5.open")).toContain("done already");
  expect(fixed(at("live"), "seg-5.end")).toContain("follows another cue");
  expect(fixed(at("hold"), "seg-5.lock")).toContain("held");
  expect(fixed(at("hold"), "seg-14.start")).toBe(""); // the clock on the wall goes on
});

test("T moves what is looked at, else what comes next by itself", () => {
  expect(retimable(at("live"), "")?.cue.id).toBe("seg-5.lock");
  expect(retimable(at("live"), "seg-14.start")?.cue.id).toBe("seg-14.start");
  expect(retimable(at("settle"), "")?.cue.id).toBe("seg-14.start");
});

test("what is tied to midnight says so", () => {
  const desk = at("live");
  expect(tiedWords(place(desk, "seg-14.start")!.cue, desk.zone)).toBe("tied to midnight");
});

test("a swap proposes the segment looked at with the one after it, of those that have not begun", () => {
  const ids = (name: string, looked = "") => proposed(at(name), looked)?.map((segment) => segment.id);
  expect(ids("live")).toEqual(["seg-6", "seg-7"]);
  expect(ids("live", "seg-9.start")).toEqual(["seg-9", "seg-10"]);
  expect(ids("live", "seg-15.start")).toEqual(["seg-14", "seg-15"]);
  expect(ids("ended")).toBeUndefined();
});

test("two segments in each other's place keep their lengths, and what is tied to the clock its instant", () => {
  const desk = at("live");
  const order = swapped(desk, "seg-6", "seg-7");
  expect(order.slice(0, 3).map((place) => place.segment.id)).toEqual(["seg-7", "seg-6", "seg-8"]);
  expect(order.filter((place) => place.moved).map((place) => place.segment.id)).toEqual(["seg-7", "seg-6"]);
  expect(order[0]!.atMs).toBe(desk.segments[5]!.expected_at_ms);
  expect(order[1]!.atMs - order[0]!.atMs).toBe(desk.segments[6]!.plan_ms);
  const midnight = order.find((place) => place.segment.id === "seg-14")!;
  expect(midnight.atMs).toBe(midnight.segment.expected_at_ms);
  expect(upcoming(desk).split(" ")[0]).toBe("seg-6");
});

test("a delay is typed in seconds to the tenth, with a point or a comma, within its bounds", () => {
  expect(delayFrom("20")).toBe(20_000);
  expect(delayFrom(" 20.5 ")).toBe(20_500);
  expect(delayFrom("7,25")).toBe(7_300);
  expect(delayFrom("600")).toBe(600_000);
  for (const typed of ["", "-1", "600.1", "1e3", "5 s", "١"]) expect(delayFrom(typed)).toBeNull();
  expect(nudged(200, -500)).toBe(0);
  expect(nudged(599_800, 500)).toBe(600_000);
});

test("a delay that is tried out says what the channel would see of the next round", () => {
  const desk = at("override");
  expect(wouldSee(desk, "app", 29_000)).toMatchObject({ visible_ms: 7_000, level: "yellow" });
  expect(wouldSee(desk, "app", 26_000)).toMatchObject({ visible_ms: 10_000, level: "ok" });
  expect(wouldSee(desk, "app", 40_000)).toMatchObject({ visible_ms: -4_000, level: "red" });
  expect(wouldSee(desk, "nobody", 0)).toBeNull();
});
