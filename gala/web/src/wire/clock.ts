/** How many exchanges are looked back at; the one least in doubt is believed. */
const WINDOW = 16;
/** The bursts at join: until they are over nothing has been shown by this clock for long, so it may step freely. */
const SETTLING_MS = 3000;
/** Errors above this step, smaller ones are slewed away. */
const STEP_MS = 100;
/** Slew: 5 ms for each second. */
const SLEW = 0.005;
/** How far a phone's own clock may run off in a second: cheap crystals stay within 50 ppm. */
const DRIFT = 0.000_05;

/** The service tells whole milliseconds. */
const WHOLE_MS = 1;

interface Sample {
  rtt_ms: number;
  /** gala time minus rate × local time */
  offset_ms: number;
  /** when its answer came, local */
  at_ms: number;
}

/** How far off this exchange may be by now, local ms: half its round trip, rounding, and what has drifted since. */
const doubt = (sample: Sample, local_ms: number): number =>
  sample.rtt_ms / 2 + WHOLE_MS + Math.max(0, local_ms - sample.at_ms) * DRIFT;

/**
 * Gala time on this phone: `offset + rate × local`, local being the monotonic `performance.now()`.
 * In a rehearsal gala time may run faster than the wall's; `rate` says how much. Rule 8 of docs/timing.md.
 *
 * All local instants are arguments, so that nothing here reads a clock.
 */
export class GalaClock {
  rate = 1;
  private samples: Sample[] = [];
  private from_ms = 0;
  private target_ms = 0;
  private since_ms = 0;

  /** Forgets everything: the service said that it is `now_ms`, at this pace. */
  reset(now_ms: number, rate: number, local_ms: number): void {
    this.rate = rate;
    this.samples = [];
    this.aim(now_ms - rate * local_ms, local_ms, true);
  }

  /** Takes in one exchange: sent and received at `t0`, `t3` (local), seen by the service at `t1`, `t2` (gala). */
  sample(t0_ms: number, t1_ms: number, t2_ms: number, t3_ms: number): void {
    const rtt_ms = Math.max(0, t3_ms - t0_ms - (t2_ms - t1_ms) / this.rate);
    const offset_ms = (t1_ms + t2_ms) / 2 - this.rate * ((t0_ms + t3_ms) / 2);
    this.samples = [...this.samples, { rtt_ms, offset_ms, at_ms: t3_ms }].slice(-WINDOW);
    const best = this.samples.reduce((a, b) => (doubt(b, t3_ms) < doubt(a, t3_ms) ? b : a));
    const first = this.samples[0]!; // once the window has slid on, still long before
    this.aim(best.offset_ms, t3_ms, t3_ms - first.at_ms <= SETTLING_MS);
  }

  /** After the page was hidden its local clock may have slept: believe the next exchange at once. */
  woke(): void {
    this.samples = [];
  }

  /** Gala time at this local instant, ms. */
  at(local_ms: number): number {
    return this.offset(local_ms) + this.rate * local_ms;
  }

  /**
   * How far from gala time this clock may be, local ms: the doubt in the exchange it goes by, and what is still being
   * slewed away. Infinity before the first exchange.
   */
  bound_ms(local_ms: number): number {
    const best = Math.min(...this.samples.map((sample) => doubt(sample, local_ms)));
    return best + Math.abs(this.target_ms - this.offset(local_ms)) / this.rate;
  }

  private aim(target_ms: number, local_ms: number, step: boolean): void {
    const present_ms = this.offset(local_ms);
    const jump = step || Math.abs(target_ms - present_ms) > STEP_MS * this.rate;
    this.from_ms = jump ? target_ms : present_ms;
    this.target_ms = target_ms;
    this.since_ms = local_ms;
  }

  private offset(local_ms: number): number {
    const wanted_ms = this.target_ms - this.from_ms;
    const moved_ms = Math.max(0, local_ms - this.since_ms) * SLEW * this.rate;
    return this.from_ms + Math.sign(wanted_ms) * Math.min(Math.abs(wanted_ms), moved_ms);
  }
}
