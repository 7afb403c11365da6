/**
 * The most taps that can have been made by now, as the service reckons: so many a second since the round opened, and
 * one second's more for clocks that differ. On the whole and not for each second: a burst after a rest is a hand's.
 */
export const possibleBy = (since_open_ms: number, per_s: number): number =>
  Math.floor(((Math.max(0, since_open_ms) + 1000) * per_s) / 1000);

/** One more tap; the same at the cap, and where no pair of thumbs can have come that far. */
export const tapped = (total: number, cap: number, possible: number): number => Math.min(total + 1, cap, Math.max(total, possible));

/** Running totals go out at most this often, ms. */
const BATCH_MS = 300;
/** What was left out only for its pace goes out again after so long, ms. */
const AGAIN_MS = 1000;

/** What has gone out: the total, and when (local ms). */
export interface SentTotal {
  total: number;
  at_ms: number;
}

/** Whether the total goes out now. `tooFast`: the last answer left something out for its pace. `now_ms` is local. */
export function isTotalDue(total: number, sent: SentTotal, tooFast: boolean, now_ms: number): boolean {
  const waited_ms = now_ms - sent.at_ms;
  return (total > sent.total && waited_ms >= BATCH_MS) || (tooFast && waited_ms >= AGAIN_MS);
}
