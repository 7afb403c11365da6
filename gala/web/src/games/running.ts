/** A pause of a round, [from, to] in gala time; `to` 0: it lasts still. They ascend and lie apart. */
export type Pause = readonly number[];

/** Whether a round stands still at this instant. */
export const isPaused = (pauses: readonly Pause[], at_ms: number): boolean =>
  pauses.some(([from_ms = 0, to_ms = 0]) => from_ms <= at_ms && (to_ms === 0 || at_ms < to_ms));

/**
 * How long what began at `since_ms` has run by `at_ms`, pauses left out; negative before it began. The service reckons
 * the same way (`games.game.running_ms`).
 */
export function runningMs(since_ms: number, pauses: readonly Pause[], at_ms: number): number {
  return pauses.reduce((ran_ms, [from_ms = 0, to_ms = 0]) => {
    const until_ms = Math.min(to_ms || at_ms, at_ms);
    return ran_ms - Math.max(0, until_ms - Math.max(from_ms, since_ms));
  }, at_ms - since_ms);
}

/** When something that needs `length_ms` of running is over, as far as the pauses are known. */
export function overAt(since_ms: number, pauses: readonly Pause[], length_ms: number): number {
  return pauses.reduce((over_ms, [from_ms = 0, to_ms = 0]) => {
    const begins_ms = Math.max(from_ms, since_ms);
    return begins_ms < over_ms ? over_ms + Math.max(0, to_ms - begins_ms) : over_ms;
  }, since_ms + length_ms);
}
