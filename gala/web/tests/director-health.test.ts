import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { levelWords, troubles } from "../src/director/health.ts";
import type { DeskClock } from "../src/protocol.gen.ts";

const desk = () => structuredClone(DESKS.live!());
const clock = (name: string, more: Partial<DeskClock> = {}): DeskClock => ({
  name, keeps: false, right: true, off_ms: 0, store_ms: 0, system_ms: 0, alarm: "", seen_at_ms: 0, ...more,
});

test("where everything is well nothing is said", () => {
  expect(troubles({ ...desk(), clocks: [clock("a", { keeps: true }), clock("b")] })).toEqual([]);
});

test("what stands still is said before what is only odd, with how far and which way", () => {
  const shown = desk();
  Object.assign(shown.edges[1]!, { rotation: "log", log_lag_ms: 3_420 });
  Object.assign(shown.edges[2]!, { rotation: "clock", clock_ms: 78 });
  shown.clocks = [
    clock("a", { keeps: true, alarm: "store, system", store_ms: 3_600_000, system_ms: -64 }),
    clock("b", { right: false, off_ms: -60 }),
  ];
  expect(troubles(shown)).toEqual([
    { bad: true, who: "Clock b", what: "is 60 ms behind: its process does nothing that needs the time." },
    { bad: true, who: "edge-2", what: "takes no plays: it lags the log by 3 s." },
    { bad: true, who: "edge-3", what: "takes no plays: its clock is 78 ms ahead." },
    { bad: false, who: "Clock a", what: "sees its store's clock 3600 s ahead, and does not follow it." },
    { bad: false, who: "Clock a", what: "sees its system's clock 64 ms behind, and does not follow it." },
  ]);
});

test("a pressed edge is named with what it leaves off and how many it lets in, and one that is out is not named twice", () => {
  const shown = DESKS.pressed!();
  Object.assign(shown.edges[3]!, { rotation: "log", log_lag_ms: 2_000, level: 5 });
  expect(troubles(shown).slice(1)).toEqual([
    {
      bad: false,
      who: "edge-3",
      what: "is pressed (L4): boosts wait on the phones, and meters stand still; votes, mascots and draws go on. It lets in 25 % of its usual rate.",
    },
    { bad: false, who: "edge-2", what: "is pressed (L1): boards come once in two seconds." },
  ]);
});

test("the strip says the worst level and where it is", () => {
  expect(levelWords(desk())).toBe("L0 normal");
  const shown = DESKS.pressed!();
  expect(levelWords(shown)).toBe("L4 boosts stay on phones, edge-3");
  for (const edge of shown.edges.slice(0, 3)) edge.level = 4;
  expect(levelWords(shown)).toBe("L4 boosts stay on phones, 3 of 4 edges");
  for (const edge of shown.edges) edge.level = 4;
  expect(levelWords(shown)).toBe("L4 boosts stay on phones");
});
