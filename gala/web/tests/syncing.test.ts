// The schedule against a service and a network written out: timers fire by hand, in order.
import { describe, expect, test } from "vitest";
import type { Sync, SyncReply } from "../src/protocol.gen.ts";
import { GalaClock } from "../src/wire/clock.ts";
import { BURST_COUNT, BURST_MS, SYNC_MS, Syncing } from "../src/wire/syncing.ts";

const AHEAD_MS = 9_000_000;
const THERE_MS = 30;
const BACK_MS = 10;

/** A phone's minutes: `go` runs what is due until then. Answers come after the network's time, unless cut. */
class Minutes {
  local_ms = 500;
  sent: Sync[] = [];
  cut = false;
  readonly clock = new GalaClock();
  readonly syncing: Syncing;
  private due: { at_ms: number; run: () => void }[] = [];

  constructor(
    private readonly there_ms = THERE_MS,
    private readonly back_ms = BACK_MS,
  ) {
    this.syncing = new Syncing(this.clock, (content) => this.exchange(content), this.later, () => this.local_ms);
  }

  readonly later = (run: () => void, after_ms: number): void => {
    this.due.push({ at_ms: this.local_ms + after_ms, run });
  };

  async go(for_ms: number): Promise<void> {
    const until_ms = this.local_ms + for_ms;
    for (;;) {
      const next = this.due.reduce<{ at_ms: number; run: () => void } | null>((a, b) => (a && a.at_ms <= b.at_ms ? a : b), null);
      if (!next || next.at_ms > until_ms) break;
      this.due = this.due.filter((one) => one !== next);
      this.local_ms = Math.max(this.local_ms, next.at_ms);
      next.run();
      await new Promise((done) => setImmediate(done));
    }
    this.local_ms = until_ms;
  }

  private exchange(content: Sync): Promise<SyncReply> {
    this.sent.push(content);
    if (this.cut) return Promise.reject(new Error("no link"));
    const seen_ms = AHEAD_MS + this.local_ms + this.there_ms;
    return new Promise((done) =>
      this.later(() => done({ t0_ms: content.t0_ms, t1_ms: seen_ms, t2_ms: seen_ms }), this.there_ms + this.back_ms),
    );
  }
}

describe("when a phone asks for the time", () => {
  test("a burst at join, then one now and then", async () => {
    const phone = new Minutes();
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(SYNC_MS - 1);
    expect(phone.sent.map((one) => one.t0_ms - 500)).toEqual(Array.from({ length: BURST_COUNT }, (_, i) => i * BURST_MS));
    await phone.go(2 * SYNC_MS + 1);
    expect(phone.sent.length).toBe(BURST_COUNT + 3);
    expect(Math.abs(phone.clock.at(phone.local_ms) - AHEAD_MS - phone.local_ms)).toBeLessThanOrEqual((THERE_MS + BACK_MS) / 2);
  });

  test("a second burst where the first left much in doubt, and no third", async () => {
    const phone = new Minutes(180, 140);
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(SYNC_MS - 1);
    expect(phone.sent.map((one) => one.t0_ms - 500)).toEqual(Array.from({ length: 2 * BURST_COUNT }, (_, i) => i * BURST_MS));
    await phone.go(1);
    expect(phone.sent.length).toBe(2 * BURST_COUNT + 1);
  });

  test("what it says of the newest answer is this connection's round trip by the service's clock", async () => {
    const phone = new Minutes();
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(3 * SYNC_MS);
    expect(phone.sent[0]).toMatchObject({ told_ms: 0, since_ms: 0 });
    for (const { t0_ms, told_ms, since_ms } of phone.sent.slice(1)) {
      const arrives_ms = AHEAD_MS + t0_ms + THERE_MS;
      expect(arrives_ms - told_ms - since_ms).toBe(THERE_MS + BACK_MS);
    }
  });

  test("after a waking the burst comes anew, and nothing is reckoned from an answer of before", async () => {
    const phone = new Minutes();
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(5000);
    phone.sent = [];
    phone.syncing.woke();
    await phone.go(5000);
    expect(phone.sent.length).toBe(BURST_COUNT);
    expect(phone.sent[0]).toMatchObject({ told_ms: 0, since_ms: 0 });
    expect(phone.sent[1]?.told_ms).toBeGreaterThan(0);
  });

  test("two bursts never run side by side, and the regular one stays single", async () => {
    const phone = new Minutes();
    for (let i = 0; i < 5; i++) {
      phone.syncing.begin(AHEAD_MS + phone.local_ms, 1);
      await phone.go(BURST_MS / 2);
    }
    phone.sent = [];
    await phone.go(3 * SYNC_MS);
    expect(phone.sent.length).toBe(BURST_COUNT - 1 + 3);
  });

  test("lost exchanges cost samples and nothing else", async () => {
    const phone = new Minutes();
    phone.cut = true;
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(SYNC_MS + 10);
    expect(phone.clock.bound_ms(phone.local_ms)).toBe(Infinity);
    phone.cut = false;
    await phone.go(SYNC_MS + 100);
    expect(phone.clock.bound_ms(phone.local_ms)).toBeLessThan(25);
  });

  test("an answer of an older pace does not disturb the new one", async () => {
    const phone = new Minutes();
    phone.syncing.begin(AHEAD_MS + 500, 1);
    await phone.go(5); // asked, not answered
    phone.syncing.begin(5_000_000, 20);
    phone.cut = true;
    await phone.go(1000);
    expect(phone.clock.at(phone.local_ms)).toBe(5_000_000 + 20 * 1000);
  });
});
