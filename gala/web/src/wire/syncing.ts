import type { Sync, SyncReply } from "../protocol.gen.ts";
import type { GalaClock } from "./clock.ts";

/** Instants of `sync`: a burst at join, then one now and then (docs/timing.md). */
export const BURST_COUNT = 8;
export const BURST_MS = 150;
export const SYNC_MS = 20_000;
/**
 * Who is still that much in doubt after a burst has a second one: over a long and uneven way the best of eight round
 * trips is often lopsided, the best of sixteen seldom (`gala bench sync`).
 */
export const DOUBT_MS = 40;

/** Sends one `sync` and waits for its answer; rejects when there is no link or no answer came in time. */
export type Exchange = (content: Sync) => Promise<SyncReply>;

/**
 * When this phone asks the service for the time, and what it does with the answers. Knows neither page nor socket:
 * timers, transport and the local clock (monotonic, ms) are arguments, so a bench runs the phones' own code.
 */
export class Syncing {
  private told: { at_ms: number; here_ms: number } | null = null;
  /** which burst and which regular round of waiting is meant; what was planned for an older one does nothing */
  private turn = 0;

  constructor(
    private readonly clock: GalaClock,
    private readonly exchange: Exchange,
    private readonly later: (run: () => void, after_ms: number) => void,
    private readonly local_ms: () => number,
  ) {}

  /** A new connection, or a new pace: the service said that it is `now_ms`. All before is forgotten. */
  begin(now_ms: number, rate: number): void {
    this.clock.reset(now_ms, rate, this.local_ms());
    this.burst();
  }

  /** The page was hidden, and its local clock may have slept: the next exchange is believed at once. */
  woke(): void {
    this.clock.woke();
    this.burst();
  }

  private burst(): void {
    this.told = null; // of another connection, pace or waking: no round trip can be reckoned from it
    const turn = ++this.turn;
    const several = (): void => {
      for (let i = 0; i < BURST_COUNT; i++) this.later(() => this.once(turn), i * BURST_MS);
    };
    several();
    this.later(() => {
      if (turn === this.turn && this.clock.bound_ms(this.local_ms()) > DOUBT_MS) several();
    }, BURST_COUNT * BURST_MS);
    this.later(() => this.on(turn), SYNC_MS);
  }

  private on(turn: number): void {
    if (turn !== this.turn) return;
    this.once(turn);
    this.later(() => this.on(turn), SYNC_MS);
  }

  private once(turn: number): void {
    if (turn !== this.turn) return;
    const t0_ms = this.local_ms();
    const told_ms = this.told?.at_ms ?? 0;
    const since_ms = this.told ? t0_ms - this.told.here_ms : 0;
    this.exchange({ t0_ms, told_ms, since_ms }).then(
      (reply) => {
        if (turn !== this.turn) return; // asked before the clock was set anew
        const t3_ms = this.local_ms();
        this.clock.sample(t0_ms, reply.t1_ms, reply.t2_ms, t3_ms);
        if (!this.told || reply.t2_ms > this.told.at_ms) this.told = { at_ms: reply.t2_ms, here_ms: t3_ms };
      },
      () => undefined, // a lost exchange is one sample fewer
    );
  }
}
