/** How the console prints instants (`…AtMs`, milliseconds UTC) and durations (`…Ms`). Crew pages are in English. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** `20:10:27` in the show's zone (an IANA name); precision `ms` adds the thousandths, for the as-run. */
export function timeOfDay(atMs: number, zone: string, precision: "s" | "ms" = "s"): string {
  const key = `${zone} ${precision}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      ...(precision === "ms" ? { fractionalSecondDigits: 3 as const } : {}),
    });
    formats.set(key, format);
  }
  return format.format(atMs);
}

/** Whole seconds as `0:22`, `12:03` or `1:04:09`; the sign is left to the caller. */
function clockFace(seconds: number): string {
  const s = seconds % 60;
  const m = Math.floor(seconds / 60) % 60;
  const h = Math.floor(seconds / 3600);
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Time left, rounded up so that `0:00` means over; never negative. */
export function countdown(leftMs: number): string {
  return clockFace(Math.ceil(Math.max(0, leftMs) / 1000));
}

/** Time gone by, rounded down; never negative. */
export function elapsed(goneMs: number): string {
  return clockFace(Math.floor(Math.max(0, goneMs) / 1000));
}

/** Seconds with a real minus sign: `36 s`, `−9 s`; rounded down, because a window must not look longer than it is. */
export function seconds(ms: number): string {
  const s = Math.floor(ms / 1000);
  return s < 0 ? `−${-s} s` : `${s} s`;
}

/** Seconds to the tenth where they are not whole: `20 s`, `20.5 s`, `−0.5 s`. */
export function tenths(ms: number): string {
  const s = Math.abs(ms) / 1000;
  return `${ms < 0 ? "−" : ""}${Number.isInteger(s) ? s : s.toFixed(1)} s`;
}

export interface Plan {
  /** `0:38 over`, `0:12 under` or `on time`. */
  words: string;
  sense: "over" | "under" | "even";
}

/** Against plan; less than a second either way is on time. */
export function againstPlan(overMs: number): Plan {
  if (Math.abs(overMs) < 1000) return { words: "on time", sense: "even" };
  const face = clockFace(Math.floor(Math.abs(overMs) / 1000));
  return overMs > 0 ? { words: `${face} over`, sense: "over" } : { words: `${face} under`, sense: "under" };
}

const whole = new Intl.NumberFormat("en-GB");

/** `1,284,011`. */
export function count(n: number): string {
  return whole.format(n);
}

/** A share of a total as `57.4%`; nothing counted yet is `0%`. */
export function share(part: number, total: number): string {
  return total > 0 ? `${((100 * part) / total).toFixed(1)}%` : "0%";
}

/** Minor units of an ISO 4217 currency, exact: `XTS 250,000.00`. */
export function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency, currencyDisplay: "code" });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const padded = String(minor).padStart(digits + 1, "0");
  const cut = padded.length - digits;
  return format.format((digits > 0 ? `${padded.slice(0, cut)}.${padded.slice(cut)}` : padded) as Intl.StringNumericLiteral);
}
