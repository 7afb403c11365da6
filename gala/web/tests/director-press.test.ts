import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { type Desk, place } from "../src/director/desk.ts";
import { armable, cutOff, doublable, extendable, gates, go, goWords, keyOf, lookFrom, opens, type Pressed, short } from "../src/director/press.ts";

const at = (name: string, more: Partial<Desk> = {}): Desk => ({ ...DESKS[name]!(), ...more });
const pressed = (more: Partial<Pressed>): Pressed => ({
  key: " ",
  code: "Space",
  repeat: false,
  isComposing: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});

test("GO resumes a held show, whatever stands by", () => {
  expect(go(at("hold")).is).toBe("resume");
});

test("GO does nothing while no cue stands by", () => {
  expect(go(at("live", { standby: "" })).is).toBe("nothing");
});

test("a settle waits for the lock on every page, then asks for the outcome", () => {
  expect(go(at("live")).is).toBe("nothing");
  expect(go(at("locking")).is).toBe("nothing");
  expect(go(at("settle")).is).toBe("settle");
});

test("a reveal and an announcement ask first, and name every channel", () => {
  const reveal = go(at("reveal"));
  expect(reveal.is === "reveal" && reveal.windows.map((w) => w.channel)).toEqual([
    "hall",
    "aerial",
    "cable",
    "app",
    "abroad",
  ]);
  expect(go(at("drawn")).is).toBe("reveal");
});

test("GO on a window that a channel cannot play asks first, and names the channel", () => {
  const means = go(at("override"));
  expect(means.is === "override" && means.windows.map((w) => w.channel)).toEqual(["abroad"]);
});

test("a red window needs a reason even where the round opens by itself after the cue", () => {
  const desk = at("override");
  const segments = desk.segments.map((segment) => ({
    ...segment,
    cues: segment.cues.map((cue) =>
      cue.id === "seg-5.start" ? { ...cue, state: "standby" as const, needs: "reason" as const } : cue,
    ),
  }));
  expect(go({ ...desk, segments, standby: "seg-5.start" }).is).toBe("override");
});

test("a short window only warns, beside GO", () => {
  expect(short(at("short")).map((w) => w.channel)).toEqual(["abroad"]);
  expect(go(at("short")).is).toBe("fire");
  expect(goWords(at("short"))).toBe("8.2 opens; short for Abroad");
  expect(short(at("before"))).toEqual([]);
});

test("what opens a round is its opening, and what it follows by itself", () => {
  const desk = at("override");
  expect(opens(place(desk, "seg-5.open")!)).toBe(true);
  expect(opens(place(desk, "seg-5.start")!)).toBe(false); // a person opens it
  const { segment, cue } = place(desk, "seg-5.start")!;
  const cues = segment.cues.map((one) => (one.do === "open" ? { ...one, by: "after" as const } : one));
  expect(opens({ segment: { ...segment, cues }, cue: cues[0]! })).toBe(true);
  expect(cue.do).toBe("start");
});

test("nothing is settled or revealed before every gate is shut, and GO says how many are", () => {
  const locking = at("locking").rounds[0]!;
  expect(gates(locking)).toBe("Waits for the gates: 9 of 16 pages are shut.");
  expect(gates({ ...locking, state: "locked" })).toBe("");
  expect(go(at("locking", { standby: "seg-5.reveal" }))).toEqual({ is: "nothing", why: gates(locking) });
  expect(go(at("settle", { standby: "seg-5.reveal" })).is).toBe("nothing"); // a guess needs the outcome first
});

test("after the kill switch GO asks whether to bring the screens back, and nothing else", () => {
  expect(go(at("killed")).is).toBe("revive");
});

test("a lock is moved while there is one to move", () => {
  const means = (name: string, ms: number, more: Partial<Desk> = {}) => extendable(at(name, more), at(name).now_ms, ms).is;
  expect(means("live", 5_000)).toBe("extend");
  expect(means("live", -5_000)).toBe("extend");
  expect(means("live", -22_000)).toBe("nothing"); // it would lie in the past
  expect(means("hold", 5_000)).toBe("nothing");
  expect(means("settle", 5_000)).toBe("nothing");
  const rounds = at("live").rounds.map((round) => ({ ...round, closes_at_ms: 0 }));
  expect(means("live", 5_000, { rounds })).toBe("nothing");
});

test("GO fires a plain cue at once", () => {
  expect(go(at("before")).is).toBe("fire");
});

test("Standby arms what is looked at, done cues too, so that a round can be run anew", () => {
  expect(armable(at("reveal"), "seg-5.open")?.id).toBe("seg-5.open");
  expect(armable(at("reveal"), "seg-7.open")?.id).toBe("seg-7.open");
  expect(armable(at("reveal"), "")).toBeNull();
  expect(armable(at("reveal"), "seg-5.reveal")).toBeNull();
});

test("Standby arms the next cue of a person when none is armed", () => {
  expect(armable(at("live", { standby: "" }), "")?.id).toBe("seg-5.reveal");
});

test("looking ahead stays within the evening and passes over skipped segments", () => {
  const desk = at("before");
  expect(lookFrom(desk, "", -1)).toBe("seg-1.start");
  expect(lookFrom(desk, "seg-15.end", 1)).toBe("seg-15.end");
  expect(lookFrom(at("live"), "seg-5.start", -1)).toBe("seg-3.end");
});

test("a held key and a chord act on nothing", () => {
  expect(keyOf(pressed({}))).toBe("go");
  expect(keyOf(pressed({ repeat: true }))).toBeNull();
  expect(keyOf(pressed({ key: "r", code: "KeyR", ctrlKey: true }))).toBeNull();
  expect(keyOf(pressed({ key: "r", code: "KeyR", metaKey: true }))).toBeNull();
});

test("letters are found by their place on a keyboard of another alphabet, and never by place on a Latin one", () => {
  expect(keyOf(pressed({ key: "ы", code: "KeyS" }))).toBe("standby");
  expect(keyOf(pressed({ key: "S", code: "KeyS" }))).toBe("standby");
  expect(keyOf(pressed({ key: "o", code: "KeyS" }))).toBeNull();
});

test("M doubles the open boost, once, and only while the stage takes points", () => {
  const means = (name: string) => doublable(at(name), at(name).now_ms);
  const boost = means("boost");
  expect(boost.is === "multiply" && boost.round.id).toBe("gala/seg-9/1");
  expect(means("spell")).toEqual({ is: "nothing", why: "×2 runs already, 0:41 more." });
  expect(means("cut").is).toBe("nothing");
  expect(means("live")).toEqual({ is: "nothing", why: "No boost is open: there is nothing to multiply." });
});

test("the stage is cut off from the cut's first instant on, and never where none is timed", () => {
  const round = at("boost").rounds[1]!;
  expect(cutOff(round, round.cut_at_ms - 1)).toBe(false);
  expect(cutOff(round, round.cut_at_ms)).toBe(true);
  expect(cutOff({ ...round, cut_at_ms: 0 }, round.cut_at_ms)).toBe(false);
});
