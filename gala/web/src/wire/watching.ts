import type { RoundView } from "../protocol.gen.ts";
import type { Drawer } from "./drawer.ts";

/** How this phone's viewer watches, in their own words: a channel, and how far behind the hall if they know. */
export interface Watching {
  /** "": none was chosen, which is the show's first */
  channel: string;
  /** ms behind the hall; null: as the channel has it */
  own_ms: number | null;
}

/** What the service makes of it. */
export interface Taken {
  delay_ms: number;
  /** so much later than this viewer's own are the instants that their cohort is told, ms */
  rest_ms: number;
}

/** The service takes a channel's delay to be no longer. */
const DELAY_MS_MAX = 600_000;

/** A delay that somebody states, whole ms; null where it is none. */
export function readDelay(stated: unknown): number | null {
  const given = typeof stated === "string" && /^\d+$/.test(stated) ? Number(stated) : stated;
  return typeof given === "number" && given >= 0 && given <= DELAY_MS_MAX ? Math.round(given) : null;
}

/** What the address says goes before what this phone has kept; a kept delay belongs to the channel it was found on. */
export function watchingAtFirst(drawer: Drawer, asked: Watching): Watching {
  const channel = asked.channel || drawer.get("channel");
  if (asked.own_ms !== null) return { channel, own_ms: asked.own_ms };
  const [found_on, ms] = drawer.get("delay").split("|");
  return { channel, own_ms: found_on === channel ? readDelay(ms) : null };
}

/** For the next time. */
export function keepWatching(drawer: Drawer, { channel, own_ms }: Watching): void {
  drawer.set("channel", channel);
  drawer.set("delay", own_ms === null ? "" : `${channel}|${own_ms}`);
}

/**
 * A round with this viewer's own opening: their cohort's delay is rounded up, and what it has too much is not waited
 * for. When it closes is the service's to say, and an `appear` round is one timetable for all of a channel.
 */
export function ownRound(round: RoundView | null, { rest_ms }: Taken): RoundView | null {
  if (round === null || rest_ms === 0 || round.timing === "appear" || round.timing === "absolute") return round;
  return { ...round, opens_at_ms: round.opens_at_ms - rest_ms };
}
