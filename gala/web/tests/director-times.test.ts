import { expect, test } from "vitest";
import { againstPlan, countdown, elapsed, seconds, share, timeOfDay } from "../src/director/times.ts";

test("times of day are the show's zone's, on both sides of midnight", () => {
  const midnight = Date.parse("2019-11-11T00:00:00+08:00");
  expect(timeOfDay(midnight - 1, "Asia/Shanghai")).toBe("23:59:59");
  expect(timeOfDay(midnight, "Asia/Shanghai")).toBe("00:00:00");
  expect(timeOfDay(midnight + 41, "Asia/Shanghai", "ms")).toBe("00:00:00.041");
});

test("a countdown reads 0:00 only when it is over, and time gone by never runs ahead", () => {
  expect(countdown(1)).toBe("0:01");
  expect(countdown(0)).toBe("0:00");
  expect(countdown(-5_000)).toBe("0:00");
  expect(countdown(3_600_000)).toBe("1:00:00");
  expect(elapsed(999)).toBe("0:00");
});

test("a window is never said to be longer than it is", () => {
  expect(seconds(7_999)).toBe("7 s");
  expect(seconds(-1)).toBe("−1 s");
});

test("under a second either way is on time", () => {
  expect(againstPlan(-999).sense).toBe("even");
  expect(againstPlan(38_400).words).toBe("0:38 over");
  expect(againstPlan(-61_000).words).toBe("1:01 under");
});

test("a share of nothing is nothing", () => {
  expect(share(0, 0)).toBe("0%");
  expect(share(574, 1000)).toBe("57.4%");
});
