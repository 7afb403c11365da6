// What polls and boosts list, as the page draws it.
import { expect, test } from "vitest";
import { readChoices } from "../src/games/ballot.ts";
import { complete } from "../src/wire/complete.ts";

test("a choice's picture comes from the text alone, by its hash, and never as a path that leaves its place", () => {
  const told = complete("SegmentText", { choices: { a: { label: { en: "A" }, picture: "0f" }, b: { picture: "../x?y" } } });
  const [a, b, c] = readChoices(["a", "b", { id: "c", picture: "other" }], told);
  expect([a?.picture, b?.picture, c?.picture]).toEqual(["/pictures/0f", "/pictures/..%2Fx%3Fy", ""]);
});
