/** One mascot at one door. Times are ms since the round opened for this phone. */
export interface Mole {
  id: number;
  /** from 0, in reading order */
  hole: number;
  up_ms: number;
  down_ms: number;
  /** 0…5: hare, owl, hedgehog, ram, frog, axolotl */
  mascot: number;
}

/** What a round of whack says of itself: the waves as far as they have been told, a short lead ahead. */
export interface Timetable {
  holes: number;
  threshold: number;
  tickets: number;
  total: number;
  length_ms: number;
  /** of the waves told last, by the time they rise: what is over is not told again */
  moles: Mole[];
  /** when each told wave begins and ends */
  waves: { index: number; from_ms: number; to_ms: number }[];
}

/** A mascot caught, at an absolute instant of gala time, as the service takes it. */
export interface Hit {
  mole: number;
  at_ms: number;
}

/** No hand is faster; the service refuses what comes sooner after a mascot rises. */
export const REACTION_MS = 80;
/** The most that counts in any second. */
const HITS_A_SECOND = 12;
/** How long a door says what became of its mascot. */
const SHOWN_MS = 550;

const MASCOTS = 6;
const HOLES = 9;

const number = (value: unknown, otherwise = 0): number =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise;

const rows = (value: unknown): unknown[][] => (Array.isArray(value) ? value.filter((row) => Array.isArray(row)) : []);

/** Reads `RoundView.public`; what is not as it should be is left out rather than shown at a wrong time. */
export function readTimetable(shown: Record<string, unknown>): Timetable {
  const told = Array.isArray(shown.waves) ? (shown.waves as Record<string, unknown>[]) : [];
  const holes = number(shown.holes, HOLES);
  const waves: Timetable["waves"] = [];
  const moles: Mole[] = [];
  for (const wave of told) {
    const own = rows(wave?.moles).map(
      ([id, hole, up_ms, down_ms, mascot]): Mole => ({
        id: number(id, -1),
        hole: number(hole, -1),
        up_ms: number(up_ms),
        down_ms: number(down_ms),
        mascot: number(mascot) % MASCOTS,
      }),
    );
    const good = own.filter((one) => one.id >= 0 && one.hole >= 0 && one.hole < holes && one.down_ms > one.up_ms);
    if (good.length === 0) continue;
    moles.push(...good);
    const from_ms = Math.min(...good.map((one) => one.up_ms));
    waves.push({ index: number(wave.index), from_ms, to_ms: Math.max(...good.map((one) => one.down_ms)) });
  }
  return {
    holes,
    threshold: number(shown.threshold),
    tickets: number(shown.tickets),
    total: number(shown.total),
    length_ms: number(shown.length_ms),
    moles: moles.sort((a, b) => a.up_ms - b.up_ms || a.id - b.id),
    waves: waves.sort((a, b) => a.from_ms - b.from_ms),
  };
}

/** The wave of this instant, from 1; 0 before the first. */
export function waveAt(table: Timetable, t_ms: number): number {
  return (table.waves.findLast((wave) => wave.from_ms <= t_ms)?.index ?? -1) + 1;
}

/** Up at this instant and not caught yet, the one that leaves first in front. */
export function upAt(table: Timetable, caught: ReadonlySet<number>, t_ms: number): Mole[] {
  return table.moles
    .filter((one) => one.up_ms <= t_ms && t_ms < one.down_ms && !caught.has(one.id))
    .sort((a, b) => a.down_ms - b.down_ms || a.id - b.id);
}

/**
 * The mascot that a tap at this instant catches: the one at that door, or whichever is up for `hole` null (one button).
 * None where the service would say no: too soon after it rose, or more taps than count in a second.
 */
export function struckBy(
  table: Timetable,
  caught: ReadonlySet<number>,
  recent: readonly number[],
  hole: number | null,
  t_ms: number,
): Mole | null {
  if (recent.filter((at_ms) => at_ms > t_ms - 1000).length >= HITS_A_SECOND) return null;
  const ripe = upAt(table, caught, t_ms).filter((one) => t_ms >= one.up_ms + REACTION_MS);
  return ripe.find((one) => hole === null || one.hole === hole) ?? null;
}

/** What a door shows. soon: its mascot has been told and rises next. */
export interface Face {
  is: "empty" | "soon" | "up" | "hit" | "gone";
  mole: Mole | null;
}

const NOBODY: Face = { is: "empty", mole: null };

/**
 * All doors at this instant. `caught` holds when each mascot was caught, in this timetable's time; `soon_ms`: how far
 * ahead a door is marked for people who asked for calm (0: not at all).
 */
export function facesAt(table: Timetable, caught: ReadonlyMap<number, number>, t_ms: number, soon_ms = 0): Face[] {
  return Array.from({ length: table.holes }, (_none, hole): Face => {
    const own = table.moles.filter((one) => one.hole === hole);
    const up = own.find((one) => one.up_ms <= t_ms && t_ms < one.down_ms && !caught.has(one.id));
    if (up) return { is: "up", mole: up };
    const hit = own.findLast((one) => {
      const at_ms = caught.get(one.id);
      return at_ms !== undefined && at_ms <= t_ms && t_ms < at_ms + SHOWN_MS;
    });
    if (hit) return { is: "hit", mole: hit };
    const gone = own.findLast((one) => !caught.has(one.id) && one.down_ms <= t_ms && t_ms < one.down_ms + SHOWN_MS);
    if (gone) return { is: "gone", mole: gone };
    const soon = own.find((one) => t_ms < one.up_ms && one.up_ms <= t_ms + soon_ms);
    return soon ? { is: "soon", mole: soon } : NOBODY;
  });
}
