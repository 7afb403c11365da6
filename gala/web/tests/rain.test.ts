import { describe, expect, it } from "vitest";
import { envelopeOf, oddsOf, opensAt, sealOf, SKY, waitingOf } from "../src/games/envelope.ts";
import type { DrawView, EnvelopeView, RoundMine, Standing, VoucherView } from "../src/protocol.gen.ts";
import { complete } from "../src/wire/complete.ts";
import type { LocalPlay, PlayStatus } from "../src/wire/plays.ts";

const slot: RoundMine = { seq: 1, has: { grabbed: true }, entries: 0 };
const local = (status: PlayStatus): LocalPlay => ({ round: "r", seq: 1, made_at_ms: 0, move: {}, status, label: "", title: "", reason: "", counted_at_ms: 0, parts: [], slot: null });
const draw = (more: Partial<DrawView>): DrawView => complete("DrawView", { draw: 2, state: "armed", prizes: [], ...more });
const standing = (number: number): Standing => complete("Standing", { draw: number, tickets: 1, entrants: 9, won: false });
const voucher = { draw: 2, face_minor: 888 } as VoucherView;
const nothing = { draws: [], vouchers: [] };

describe("an envelope", () => {
  it("falls until one is caught, and is sealed from the touch on", () => {
    expect(envelopeOf("open", undefined, undefined, draw({}), nothing).is).toBe("fall");
    expect(envelopeOf("open", undefined, local("sending"), draw({}), nothing).is).toBe("sealed");
    expect(envelopeOf("closing", slot, undefined, draw({}), nothing).is).toBe("sealed");
    expect(envelopeOf("revealed", slot, undefined, draw({ state: "drawn" }), nothing).is).toBe("sealed");
  });

  it("falls again after a refusal, as long as it rains", () => {
    expect(envelopeOf("open", undefined, local("refused"), null, nothing).is).toBe("fall");
    expect(envelopeOf("locked", undefined, local("refused"), null, nothing).is).toBe("over");
  });

  it("opens with its amount, or says that others had it", () => {
    const announced = draw({ state: "announced" });
    const mine = { draws: [standing(1), standing(2)], vouchers: [voucher] };
    expect(envelopeOf("revealed", slot, undefined, announced, mine)).toEqual({ is: "opened", voucher, standing: standing(2) });
    expect(envelopeOf("revealed", slot, undefined, announced, { draws: [standing(2)], vouchers: [] }).is).toBe("empty");
    expect(envelopeOf("revealed", slot, undefined, announced, { draws: [standing(1)], vouchers: [] }).is).toBe("elsewhere");
    expect(envelopeOf("revealed", undefined, undefined, announced, nothing).is).toBe("over");
  });

  it("opens at its viewer's own pace, and says so when the number is late", () => {
    expect(opensAt(null, 0)).toBe(0);
    expect(opensAt(draw({}), 20_000)).toBe(0);
    const at_ms = opensAt(draw({ beacon_at_ms: 100_000 }), 20_000);
    expect(at_ms).toBe(122_000);
    expect(sealOf(0, 5)).toBe("sealed");
    expect(sealOf(at_ms, at_ms - 1)).toBe("sealed");
    expect(sealOf(at_ms, at_ms)).toBe("opening");
    expect(sealOf(at_ms, at_ms + 60_000)).toBe("late");
  });
});

describe("an envelope of a rain that is not on air", () => {
  const view = (more: Partial<EnvelopeView>): EnvelopeView => complete("EnvelopeView", { round: "r", draw: 2, state: "armed", ...more });
  const caught = { rounds: { r: slot }, ...nothing };
  const none = { rounds: {}, ...nothing };

  it("is told only to who caught one, counted or on its way", () => {
    expect(waitingOf(view({}), undefined, none, 0, 0)).toBeNull();
    expect(waitingOf(view({}), local("refused"), none, 0, 0)).toBeNull();
    expect(waitingOf(view({}), local("kept"), none, 0, 0)?.is).toBe("sealed");
    expect(waitingOf(view({}), undefined, caught, 0, 0)).toEqual({ is: "sealed", opens_at_ms: 0 });
    expect(waitingOf(view({ state: "void" }), undefined, caught, 0, 0)).toBeNull();
  });

  it("counts down at its viewer's own pace, and says when its number is late", () => {
    const frozen = view({ state: "frozen", beacon_at_ms: 100_000 });
    const at = (now_ms: number): unknown => waitingOf(frozen, undefined, caught, 20_000, now_ms);
    expect(at(100_000)).toEqual({ is: "sealed", opens_at_ms: 122_000 });
    expect(at(122_000)).toMatchObject({ is: "opening" });
    expect(at(200_000)).toMatchObject({ is: "late" });
    expect(waitingOf(view({ state: "drawn" }), undefined, caught, 0, 0)).toMatchObject({ is: "opening" });
  });

  it("opens in its place for three minutes, with its amount or without", () => {
    const announced = view({ state: "announced", announced_at_ms: 100_000 });
    const won = { ...caught, draws: [standing(2)], vouchers: [voucher] };
    expect(waitingOf(announced, undefined, won, 20_000, 120_000)).toEqual({ is: "opened", voucher });
    expect(waitingOf(announced, undefined, won, 20_000, 299_999)?.is).toBe("opened");
    expect(waitingOf(announced, undefined, won, 20_000, 300_000)).toBeNull();
    expect(waitingOf(announced, undefined, { ...caught, draws: [standing(2)] }, 0, 120_000)?.is).toBe("empty");
    expect(waitingOf(announced, undefined, { ...caught, draws: [standing(1)] }, 0, 120_000)).toBeNull();
  });
});

describe("the odds", () => {
  it("are how many there are, the smallest and the largest", () => {
    expect(oddsOf([])).toBeNull();
    const prizes = [{ tier: 1, title: {}, count: 100, face_minor: 888, least_minor: 12, currency: "CNY" }];
    expect(oddsOf(prizes)).toEqual({ count: 100, least: 12, most: 888, currency: "CNY" });
  });
});

describe("the sky", () => {
  it("has envelopes no smaller than a thumb needs, all over the width and never two at once", () => {
    expect(SKY.every(({ wide }) => wide >= 48)).toBe(true);
    expect(Math.min(...SKY.map(({ across }) => across))).toBeLessThan(15);
    expect(Math.max(...SKY.map(({ across }) => across))).toBeGreaterThan(70);
    expect(new Set(SKY.map(({ enters_s }) => enters_s)).size).toBe(SKY.length);
  });
});
