import type { Timetable } from "./moles.ts";

const WAVES = 3;
const MOLES_A_WAVE = 4;
const WAVE_MS = 4000;
const UP_MS = 1500;
/** Time to look before the first one. */
const FIRST_MS = 1200;

/** A round made up on this phone, for trying it out. `chance` gives numbers in 0…1; nothing of it is ever sent. */
export function practiceRound(chance: () => number): Timetable {
  const pick = (bound: number): number => Math.min(bound - 1, Math.floor(chance() * bound));
  const total = WAVES * MOLES_A_WAVE;
  const moles: Timetable["moles"] = [];
  const waves: Timetable["waves"] = [];
  for (let index = 0; index < WAVES; index++) {
    const from_ms = FIRST_MS + index * WAVE_MS;
    const holes = Array.from({ length: 9 }, (_none, hole) => hole);
    for (let i = 0; i < MOLES_A_WAVE; i++) {
      const hole = holes.splice(pick(holes.length), 1)[0] ?? 0;
      const up_ms = from_ms + i * 700;
      moles.push({ id: index * MOLES_A_WAVE + i, hole, up_ms, down_ms: up_ms + UP_MS, mascot: pick(6) });
    }
    waves.push({ index, from_ms, to_ms: from_ms + (MOLES_A_WAVE - 1) * 700 + UP_MS });
  }
  const length_ms = FIRST_MS + WAVES * WAVE_MS;
  return { holes: 9, threshold: total / 2, tickets: 0, total, length_ms, moles, waves };
}
