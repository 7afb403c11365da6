/** How often a page looks at the clock when nothing is due, ms. */
const TICK_MS = 100;

/**
 * Tells a page the time: ten times a second, and at each instant that matters to it, so that what opens for all opens
 * for all at once. Gala time `at_ms()` runs `rate()` times as fast as the phone's own; `due_ms` gives the instants.
 */
export class Ticking {
  private stop: () => void = () => undefined;

  constructor(
    private readonly at_ms: () => number,
    private readonly rate: () => number,
    private readonly due_ms: () => readonly number[],
    private readonly tell: (now_ms: number) => void,
    /** runs something after so many ms; what it returns calls that off */
    private readonly later: (run: () => void, after_ms: number) => () => void,
  ) {}

  /** Tells the time now and from now on; again whenever the clock was set or another instant came to matter. */
  now(): void {
    this.stop();
    const now_ms = this.at_ms();
    this.tell(now_ms);
    const ahead = this.due_ms().filter((due_ms) => due_ms > now_ms);
    const next_ms = (Math.min(...ahead) - now_ms) / this.rate();
    // Up, as timers know whole ms and one that fires early would have to be set again.
    this.stop = this.later(() => this.now(), Math.min(TICK_MS, Math.ceil(next_ms)));
  }
}
