// What is on air follows from what the hall may know: written out here, no page and no network.
import { describe, expect, test } from "vitest";
import { keptFrame, tailOf } from "../src/overlay/air.ts";
import { clockOf, countersOf, fansOf, idsOf, leading, sceneOf, standings } from "../src/overlay/scene.ts";
import { AirWords } from "../src/overlay/words.ts";
import type { RoundView, Show } from "../src/protocol.gen.ts";
import { complete } from "../src/wire/complete.ts";

const show = (more: object): Show => complete("Show", { epoch: "e", step: 1, version: 1, phase: "live", ...more });
const segment = (kind: string, more: object = {}): object => ({
  segment: { id: "s", kind, text: "t", started_at_ms: 0, ...more },
});
const round = (more: object = {}): object => ({
  id: "g/s/1",
  game: "poll",
  timing: "influence",
  state: "open",
  opens_at_ms: 0,
  closes_at_ms: 10_000,
  generation: 1,
  public: { choices: ["a", "b"] },
  ...more,
});
const read = (more: object = {}): RoundView => complete("RoundView", round(more));

describe("the scene", () => {
  test.each([
    ["nothing before the service ever spoke", null, "nothing"],
    ["the code to join before the show", show({ phase: "before" }), "join"],
    ["the code to join between segments", show({}), "join"],
    ["the code to join over a card", show(segment("card")), "join"],
    ["nothing when all should look up", show(segment("card", { look_up: true })), "nothing"],
    ["nothing after the end", show({ phase: "ended" }), "nothing"],
    ["the code until a round opens", show(segment("game")), "join"],
    ["an open vote", show({ ...segment("game"), round: round() }), "vote"],
    ["a race", show({ ...segment("game"), round: round({ game: "boost" }) }), "boost"],
    ["hits", show({ ...segment("game"), round: round({ game: "whack" }) }), "hits"],
    ["rain", show({ ...segment("game"), round: round({ game: "rain" }), draw: { draw: 1, state: "armed" } }), "rain"],
    ["the draw of what was caught", show({ ...segment("game"), round: round({ game: "rain", state: "revealed" }), draw: { draw: 1, state: "frozen" } }), "draw"],
    ["nothing of a draw that is void", show({ ...segment("draw"), draw: { draw: 1, state: "void" } }), "nothing"],
    ["nothing of a void round", show({ ...segment("game"), round: round({ state: "void" }) }), "nothing"],
    ["nothing of an armed draw", show({ ...segment("draw"), draw: { draw: 1, state: "armed" } }), "nothing"],
    ["a frozen draw", show({ ...segment("draw"), draw: { draw: 1, state: "frozen" } }), "draw"],
  ])("is %s", (_name, shown, kind) => {
    expect(sceneOf(shown, 5000).kind).toBe(kind);
  });

  test("of a countdown is a small clock, then a big one in the last minute, then nothing", () => {
    const shown = show(segment("countdown", { countdown_at_ms: 100_000 }));
    expect([39_999, 40_000, 99_999, 100_000].map((now) => sceneOf(shown, now).kind)).toEqual([
      "soon",
      "countdown",
      "countdown",
      "nothing",
    ]);
  });
});

describe("numbers on air", () => {
  test("are those of the round that is shown, and of its result once it is revealed", () => {
    const tally = complete("Tally", { round: "g/s/1", seq: 1, counters: { voters: 3 }, online: 0 });
    expect(countersOf(read(), tally)).toEqual({ voters: 3 });
    expect(countersOf(read(), null)).toBeNull();
    expect(countersOf(read(), { ...tally, round: "g/s/2" })).toBeNull();
    const revealed = read({ state: "revealed", result: { tally: { voters: 9 } } });
    expect(countersOf(revealed, tally)).toEqual({ voters: 9 });
  });

  test("of two sides always make a hundred", () => {
    for (const [a, b] of [[1, 2], [1, 199], [0, 5], [333, 334]] as const) {
      const [first, second] = standings(["a", "b"], { choices: { a, b } });
      expect(first!.percent + second!.percent).toBe(100);
    }
  });

  test("of nothing are nothing, and nobody leads", () => {
    expect(standings(["a", "b"], null).map((one) => [one.percent, one.ofTop, one.leads])).toEqual([
      [0, 0, false],
      [0, 0, false],
    ]);
  });

  test("name one leader, and none in a tie", () => {
    expect(standings(["a", "b", "c"], { choices: { a: 1, b: 4, c: 2 } }).map((one) => one.leads)).toEqual([false, true, false]);
    expect(standings(["a", "b"], { choices: { a: 4, b: 4 } }).some((one) => one.leads)).toBe(false);
  });

  test("of more choices than fit are those of the leading ones, in order", () => {
    const ids = ["a", "b", "c", "d"];
    const all = standings(ids, { choices: { a: 1, b: 9, c: 5, d: 5 } });
    expect(leading(all, 3).map((one) => one.id)).toEqual(["b", "c", "d"]);
    expect(leading(all, 4).map((one) => one.id)).toEqual(ids);
  });

  test("that are no numbers are zeros", () => {
    expect(standings(["a"], { choices: { a: "many" } })[0]!.count).toBe(0);
    expect(idsOf(read({ public: { choices: ["x", { id: "y" }] } }))).toEqual(["x", "y"]);
    expect(idsOf(read({ public: {} }))).toEqual([]);
  });

  test("of a clock end with it, and there is none while nobody knows the end", () => {
    expect(clockOf(0, 10_000, 2_500)).toEqual({ seconds: 8, light: 75 });
    expect(clockOf(0, 10_000, 10_000)).toBeNull();
    expect(clockOf(0, 0, 2_500)).toBeNull();
  });
});

describe("top fans", () => {
  test("are the first few that were told, and nobody where nothing or nonsense was", () => {
    const fans = [4, 3, 2, 1].map((seat) => ({ seat, for: "xia", points: seat * 10 }));
    expect(fansOf({ fans }, 3).map((fan) => [fan.seat, fan.star, fan.points])).toEqual([[4, "xia", 40], [3, "xia", 30], [2, "xia", 20]]);
    expect([null, {}, { fans: 7 }, { fans: [{}, null, "seat"] }].map((counters) => fansOf(counters, 3))).toEqual([[], [], [], []]);
  });
});

describe("the frame that was kept", () => {
  const pass = "head.body.tail-of-the-pass";
  const frame = { pass: tailOf(pass), show: show({}), tally: null, join_url: "", texts: {}, now_ms: 1, wall_ms: 1, rate: 1 };

  test("comes back under the pass it was shown under", () => {
    expect(keptFrame(JSON.stringify(frame), pass)?.show).toEqual(show({}));
  });

  test.each([
    ["of another pass", JSON.stringify(frame), "head.body.tail-of-another"],
    ["that is none", "", pass],
    ["that is broken", "{", pass],
  ])("is not shown when it is one %s", (_name, kept, under) => {
    expect(keptFrame(kept, under)).toBeNull();
  });
});

describe("words on air", () => {
  test("say one and many, and what a clock runs to", () => {
    const words = new AirWords("en");
    expect(words.t("wonTitle", { n: 1 })).toContain("One winner");
    expect(words.t("wonTitle", { n: 1000 })).toContain("1,000 winners");
    const midnight = Date.parse("2019-11-11T00:00:00+08:00");
    expect(words.to(midnight, "Asia/Shanghai")).toBe("to midnight, Shanghai");
    expect(words.to(midnight + 60_000, "Asia/Shanghai")).toBe("to 00:01, Shanghai");
    expect(words.money(5_000_000, "CNY")).toBe("CN¥50,000");
  });

  test("fall back to English, and the show's own text to what it has", () => {
    expect(new AirWords("sw").t("join")).toBe("Join in");
    expect(new AirWords("zh").pick({ en: "a", "zh-CN": "b" })).toBe("b");
    expect(new AirWords("sw").pick({ fr: "c" })).toBe("c");
  });
});
