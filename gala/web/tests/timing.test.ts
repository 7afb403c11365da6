// The right second on a phone: pauses, the clap, a host's word, the rest of a delay. All of it arithmetic.
import { describe, expect, test } from "vitest";
import { isPaused, overAt, runningMs, type Pause } from "../src/games/running.ts";
import type { RoundView } from "../src/protocol.gen.ts";
import { AFTER_ASKING_MS, AFTER_CLAP_MS, findingOf, isAsked, memoryOf, REACTION_MS } from "../src/viewer/clap.ts";
import { hearHost, readTune, type Host } from "../src/viewer/host.ts";
import { complete } from "../src/wire/complete.ts";
import type { Drawer } from "../src/wire/drawer.ts";
import { Ticking } from "../src/wire/ticking.ts";
import { keepWatching, ownRound, readDelay, watchingAtFirst, type Watching } from "../src/wire/watching.ts";

describe("running time", () => {
  const pauses: Pause[] = [[2000, 3000], [5000, 0]];

  test("is the service's: it stands still in a pause, for good in one that lasts", () => {
    const at = [0, 1000, 2000, 2500, 3000, 4000, 5000, 9000];
    expect(at.map((ms) => runningMs(1000, pauses, ms))).toEqual([-1000, 0, 1000, 1000, 1000, 2000, 3000, 3000]);
    expect(at.map((ms) => isPaused(pauses, ms))).toEqual([false, false, true, true, false, false, true, true]);
  });

  test("does not count a pause from before it began, and half of one it began in", () => {
    expect(runningMs(4000, [[1000, 2000]], 6000)).toBe(2000);
    expect(runningMs(1500, [[1000, 2000]], 3000)).toBe(1000);
  });

  test("never falls, and grows by as much as the clock or not at all", () => {
    let before = runningMs(1000, pauses, 0);
    for (let ms = 10; ms < 8000; ms += 10) {
      const ran = runningMs(1000, pauses, ms);
      expect([0, 10]).toContain(ran - before);
      before = ran;
    }
  });

  test("is over when it has run for as long as it takes", () => {
    for (const length_ms of [500, 1000, 1500, 3000]) {
      const over_ms = overAt(1000, [[2000, 3000], [5000, 5200]], length_ms);
      expect(runningMs(1000, [[2000, 3000], [5000, 5200]], over_ms)).toBe(length_ms);
    }
  });
});

describe("the clap", () => {
  const clap = complete("ClapView", { asked_at_ms: 50_000, at_ms: 60_000 });
  const find = (tap_ms: number, channel_ms = 20_000) => findingOf(tap_ms, clap, channel_ms);

  test("says how late a picture is, less what a hand takes", () => {
    expect(find(60_000 + 23_400 + REACTION_MS)).toEqual({ is: "found", delay_ms: 23_400 });
  });

  test("is as good from the hall, where the director's own hand may be the slower one", () => {
    expect(find(60_100, 0)).toEqual({ is: "found", delay_ms: 0 });
    expect(find(59_500, 0)).toEqual({ is: "found", delay_ms: 0 });
  });

  test("tells a tap from before it, one that no picture of the channel explains, and one it has no answer for", () => {
    expect(find(57_000).is).toBe("early");
    expect(find(60_000 + 20_000 + 90_001 + REACTION_MS).is).toBe("far");
    expect(find(60_000 + 20_000 + 90_000 + REACTION_MS).is).toBe("found");
    expect(find(0).is).toBe("ask");
    expect(findingOf(55_000, { ...clap, at_ms: 0 }, 0).is).toBe("waiting");
  });

  test("is asked for until some time after it, and given up when it does not come", () => {
    expect([60_000, 60_000 + AFTER_CLAP_MS - 1, 60_000 + AFTER_CLAP_MS].map((now) => isAsked(clap, now))).toEqual([true, true, false]);
    const never = { ...clap, at_ms: 0 };
    expect([AFTER_ASKING_MS - 1, AFTER_ASKING_MS].map((ms) => isAsked(never, 50_000 + ms))).toEqual([true, false]);
  });

  test("of another time leaves nothing behind", () => {
    const kept = { asked_at_ms: 50_000, tap_ms: 61_000, done: "dismissed" as const };
    expect(memoryOf(clap, kept)).toBe(kept);
    expect(memoryOf({ ...clap, asked_at_ms: 90_000 }, kept)).toEqual({ asked_at_ms: 90_000, tap_ms: 0, done: "" });
  });
});

describe("how one watches", () => {
  const drawer = (): Drawer => {
    const kept = new Map<string, string>();
    return { get: (name) => kept.get(name) ?? "", set: (name, value) => void kept.set(name, value), watch: () => undefined };
  };
  const nothing: Watching = { channel: "", own_ms: null };

  test("is kept, an own delay with the channel it was found on", () => {
    const phone = drawer();
    keepWatching(phone, { channel: "cable", own_ms: 23_400 });
    expect(watchingAtFirst(phone, nothing)).toEqual({ channel: "cable", own_ms: 23_400 });
    expect(watchingAtFirst(phone, { channel: "app", own_ms: null })).toEqual({ channel: "app", own_ms: null });
    keepWatching(phone, { channel: "cable", own_ms: null });
    expect(watchingAtFirst(phone, nothing)).toEqual({ channel: "cable", own_ms: null });
  });

  test("is first what the address says", () => {
    const phone = drawer();
    keepWatching(phone, { channel: "cable", own_ms: 23_400 });
    expect(watchingAtFirst(phone, { channel: "", own_ms: 0 })).toEqual({ channel: "cable", own_ms: 0 });
    expect(watchingAtFirst(phone, { channel: "app", own_ms: 7000 })).toEqual({ channel: "app", own_ms: 7000 });
  });

  test("a delay is a finite number of ms that the service could take", () => {
    expect(["23400", 23_400.4, 0, 600_000].map(readDelay)).toEqual([23_400, 23_400, 0, 600_000]);
    expect(["", "-1", "1e3", -1, 600_001, NaN, Infinity, null, {}, "0x10"].map(readDelay)).toEqual(Array(10).fill(null));
  });

  test("the rest of a delay opens what is not an appear round at this viewer's own instant, and closes nothing", () => {
    const round = (timing: string): RoundView => complete("RoundView", { timing, opens_at_ms: 10_000, closes_at_ms: 20_000 });
    const taken = { delay_ms: 23_400, rest_ms: 100 };
    for (const timing of ["predict", "influence"]) {
      expect(ownRound(round(timing), taken)).toMatchObject({ opens_at_ms: 9900, closes_at_ms: 20_000 });
    }
    for (const timing of ["appear", "absolute"]) expect(ownRound(round(timing), taken)?.opens_at_ms).toBe(10_000);
    expect(ownRound(null, taken)).toBeNull();
  });
});

describe("the time a page is told", () => {
  test("comes at the very instant that matters, at any pace, and otherwise ten times a second", () => {
    for (const rate of [1, 20]) {
      let local_ms = 0;
      let due: { run: () => void; at_ms: number } | null = null;
      const told: number[] = [];
      const ticking = new Ticking(
        () => local_ms * rate,
        () => rate,
        () => [5000 * rate + 7, 0],
        (now_ms) => told.push(now_ms),
        (run, after_ms) => {
          due = { run, at_ms: local_ms + after_ms };
          return () => (due = null);
        },
      );
      ticking.now();
      while (local_ms < 6000) {
        const { run, at_ms } = due ?? { run: () => undefined, at_ms: Infinity };
        local_ms = at_ms;
        run();
      }
      const opened = told.find((ms) => ms >= 5000 * rate + 7) ?? 0;
      expect(opened - (5000 * rate + 7)).toBeLessThan(rate);
      expect(told.length).toBeGreaterThan(59);
    }
  });
});

describe("the host's word", () => {
  const channels = ["hall", "app"];

  test("is a finite delay and, if it names one, a channel the show knows", () => {
    expect(readTune({ type: "gala:tune", delay_ms: 23_400.2 }, channels, "hall")).toEqual({ channel: "hall", own_ms: 23_400 });
    expect(readTune({ type: "gala:tune", delay_ms: 0, channel: "app" }, channels, "")).toEqual({ channel: "app", own_ms: 0 });
    expect(readTune({ type: "gala:tune", delay_ms: 1 }, channels, "")).toEqual({ channel: "", own_ms: 1 });
    for (const bad of [
      null, "gala:tune", [], { type: "gala:tune" }, { type: "gala:tune", delay_ms: "23400" }, { type: "gala:tune", delay_ms: NaN },
      { type: "gala:tune", delay_ms: -1 }, { type: "gala:tune", delay_ms: 600_001 }, { type: "gala:tune", delay_ms: 1, channel: "moon" },
      { type: "gala:tune", delay_ms: 1, channel: 7 }, { type: "gala:tuned", delay_ms: 1 },
    ]) {
      expect(readTune(bad, channels, "hall"), JSON.stringify(bad)).toBeNull();
    }
  });

  /** A window that hears, and what it is sent. */
  class Pane extends EventTarget {
    parent: Pane = this;
    readonly got: [unknown, string][] = [];
    postMessage(content: unknown, origin: string): void {
      this.got.push([content, origin]);
    }
    say(data: unknown, source: Pane, origin: string): void {
      this.dispatchEvent(Object.assign(new Event("message"), { data, source, origin }));
    }
  }

  function framed(known: string[] | null): { page: Pane; parent: Pane; wishes: Watching[]; host: Host; told: { channels: string[] | null } } {
    const page = new Pane();
    const parent = new Pane();
    page.parent = parent;
    const wishes: Watching[] = [];
    const told = { channels: known };
    const host: Host = {
      own: page as unknown as Window,
      channels: () => told.channels,
      channel: () => "hall",
      join: (token) => Promise.resolve(token === "good" ? "" : "bad_token"),
      tune: (wish) => {
        wishes.push(wish);
        return Promise.resolve(complete("TuneReply", { cohort: `${wish.channel}:${wish.own_ms}`, delay_ms: wish.own_ms }));
      },
    };
    return { page, parent, wishes, host, told };
  }

  test("is answered to whoever gave it, at its own origin", async () => {
    const { page, parent, wishes, host } = framed(channels);
    hearHost(host);
    page.say({ type: "gala:tune", delay_ms: 23_400, channel: "app" }, parent, "https://tv.example");
    await Promise.resolve();
    expect(wishes).toEqual([{ channel: "app", own_ms: 23_400 }]);
    expect(parent.got).toEqual([[{ type: "gala:tuned", cohort: "app:23400", delay_ms: 23_400 }, "https://tv.example"]]);
  });

  test("is heard from the parent and from the page's own window, and from no other", async () => {
    const { page, parent, wishes, host } = framed(channels);
    hearHost(host);
    page.say({ type: "gala:tune", delay_ms: 1 }, new Pane(), "https://elsewhere.example");
    page.say({ type: "gala:tune", delay_ms: 2 }, page, "https://gala.example");
    page.say({ type: "gala:tune", delay_ms: 3 }, parent, "null");
    await Promise.resolve();
    expect(wishes.map((wish) => wish.own_ms)).toEqual([2, 3]);
    expect(parent.got.map(([, origin]) => origin)).toEqual(["*"]);
  });

  test("that makes no sense is told so, and changes nothing", () => {
    const { page, parent, wishes, host } = framed(channels);
    hearHost(host);
    page.say({ type: "gala:tune", delay_ms: 1, channel: "moon" }, parent, "https://tv.example");
    page.say("hello", parent, "https://tv.example");
    expect(wishes).toEqual([]);
    expect(parent.got).toEqual([[{ type: "gala:tuned", reason: "bad_tune" }, "https://tv.example"]]);
  });

  test("of who is signed in is taken at once, before any show is known, and answered", async () => {
    const { page, parent, host } = framed(null);
    hearHost(host);
    page.say({ type: "gala:join", token: "good" }, parent, "https://tv.example");
    page.say({ type: "gala:join", token: "other" }, parent, "https://tv.example");
    page.say({ type: "gala:join", token: 7 }, parent, "https://tv.example");
    page.say({ type: "gala:join", token: "good" }, new Pane(), "https://elsewhere.example");
    await new Promise((done) => setTimeout(done));
    expect(parent.got).toEqual([
      [{ type: "gala:joined" }, "https://tv.example"],
      [{ type: "gala:joined", reason: "bad_token" }, "https://tv.example"],
    ]);
  });

  test("waits until the show's channels are known, and the newest goes first", async () => {
    const { page, parent, wishes, host, told } = framed(null);
    const ready = hearHost(host);
    page.say({ type: "gala:tune", delay_ms: 1 }, parent, "https://tv.example");
    page.say({ type: "gala:tune", delay_ms: 2 }, parent, "https://tv.example");
    expect(wishes).toEqual([]);
    told.channels = channels;
    ready();
    await Promise.resolve();
    expect(wishes).toEqual([{ channel: "hall", own_ms: 2 }]);
    expect(parent.got[0]).toEqual([{ type: "gala:ready" }, "*"]);
  });
});
