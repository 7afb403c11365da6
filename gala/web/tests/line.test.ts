import { describe, expect, test } from "vitest";
import { complete } from "../src/wire/complete.ts";
import { returnAfter } from "../src/wire/connection.ts";
import { placeAfter, sceneOf } from "../src/viewer/scene.ts";

const queue = complete("Queue", { place: 400, wait_ms: 10_000, slot: "s" });

describe("coming back", () => {
  test("after a lost line is anywhere within the window, and quick where there is none", () => {
    expect([0, 0.25, 1].map((chance) => returnAfter(20_000, chance))).toEqual([0, 5000, 20_000]);
    for (const chance of [0, 0.5, 1]) expect(returnAfter(0, chance)).toBeLessThan(1000);
  });
});

describe("the line before the full hall", () => {
  test("moves as fast as was told, and its last is first in the end", () => {
    expect([10_000, 5000, 1, 0].map((left_ms) => placeAfter(queue, left_ms))).toEqual([400, 200, 1, 1]);
    expect(placeAfter(queue, 12_000)).toBe(400);
  });

  test("is what a phone shows that stands in it, whatever it knew of the show", () => {
    const link = { state: "refused", reason: "queue", tries: 0, next_at_ms: 9, queue } as const;
    const show = complete("Show", { phase: "live" });
    expect(sceneOf(link, null, complete("Mine", {}))).toBe("full");
    expect(sceneOf(link, show, complete("Mine", { number: 3 }))).toBe("full");
    expect(sceneOf({ ...link, queue: null }, show, complete("Mine", {}))).toBe("refused");
  });
});
