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

/**
 * How long taps are gathered, ms: as the service asks, and as usual from an instant of this phone's own within the
 * last `gather_ms` before the round closes or is cut, so that nothing is left behind then and not all come at once.
 * `seat` tells phones apart.
 */
export function gatherTaps(gather_ms: number, left_ms: number, seat: number): number {
  const last_ms = 2 * BATCH_MS + ownPart(seat) * gather_ms;
  return left_ms <= last_ms ? BATCH_MS : Math.max(BATCH_MS, gather_ms);
}
/** Multiples of it lie evenly over 0…1, however many there are. */
const GOLDEN = 0.618_033_988_75;
const ownPart = (seat: number): number => (Math.max(0, seat) * GOLDEN) % 1;

/**
 * Whether an instant of this phone's own lies between: it has one in every `gather_ms`. All phones hear at once that they
 * are to gather, just after each has sent something: if they only waited for so long, all would send at once for ever.
 */
function ownInstantPassed(from_ms: number, to_ms: number, gather_ms: number, seat: number): boolean {
  const instants = (at_ms: number): number => Math.floor(at_ms / gather_ms - ownPart(seat));
  return instants(to_ms) > instants(from_ms);
}

/**
 * Whether the total goes out now. `tooFast`: the last answer left something out for its pace. `now_ms` is local. `seat`
 * tells phones apart where they gather for longer than usual.
 */
export function isTotalDue(
  total: number,
  sent: SentTotal,
  tooFast: boolean,
  now_ms: number,
  gather_ms = BATCH_MS,
  seat = 0,
): boolean {
  const waited_ms = now_ms - sent.at_ms;
  const gathered = gather_ms <= BATCH_MS || !Number.isFinite(sent.at_ms) || ownInstantPassed(sent.at_ms, now_ms, gather_ms, seat);
  return (total > sent.total && waited_ms >= BATCH_MS && gathered) || (tooFast && waited_ms >= Math.max(AGAIN_MS, gather_ms));
}
