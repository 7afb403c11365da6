import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import type { Desk } from "../src/director/desk.ts";
import { armable, cutOff, doublable, go, keyOf, lookFrom, type Pressed } from "../src/director/press.ts";

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
