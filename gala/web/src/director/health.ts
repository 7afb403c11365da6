/** What is wrong with the machines behind the show, in sentences for a director. Knows no page. */
import type { Desk, Edge } from "./desk.ts";

/** Of an edge or a clock and what is the matter with it; `bad`: something stands still because of it. */
export interface Trouble {
  bad: boolean;
  who: string;
  what: string;
}

const seconds = (ms: number): string =>
  Math.abs(ms) < 1000 ? `${Math.abs(ms)} ms` : `${Math.round(Math.abs(ms) / 1000)} s`;
const side = (ms: number): string => `${seconds(ms)} ${ms < 0 ? "behind" : "ahead"}`;

const OUT: Record<string, (edge: Edge) => string> = {
  clock: ({ clock_ms: ms }) => (ms ? `its clock is ${side(ms)}` : "its clock is not the show's"),
  log: ({ log_lag_ms: ms }) => (ms ? `it lags the log by ${seconds(ms)}` : "it cannot read the log"),
  store: () => "the store does not answer it",
};

const STORE: Record<string, string> = {
  silent: "does not answer: plays wait on the phones, and no cue can be given.",
  full: "has no room left: plays wait on the phones, and no cue can be given. What is counted stays.",
};

/** What a pressed edge leaves off, by level: in the strip, and what it is to viewers. There is no level 2. */
const LEVELS: Record<number, readonly [short: string, what: string]> = {
  0: ["normal", ""],
  1: ["slower boards", "boards come once in two seconds"],
  3: ["longer batches", "phones gather hits and taps for two seconds, and boards come once in two"],
  4: ["boosts stay on phones", "boosts wait on the phones, and meters stand still; votes, mascots and draws go on"],
  5: ["counts nothing", "nothing is counted"],
};

/** The worst level of all edges, and on which. */
export function levelWords(desk: Desk): string {
  const words = `L${desk.level} ${LEVELS[desk.level]?.[0] ?? ""}`.trim();
  const there = desk.edges.filter((edge) => edge.level === desk.level);
  if (desk.level === 0 || there.length === desk.edges.length) return words;
  return there.length === 1 ? `${words}, ${there[0]?.name}` : `${words}, ${there.length} of ${desk.edges.length} edges`;
}

/** The worst first. */
export function troubles(desk: Desk): Trouble[] {
  const found: Trouble[] = [];
  const store = STORE[desk.store];
  if (store) {
    found.push({ bad: true, who: "The store", what: store });
  }
  for (const clock of desk.clocks) {
    if (!clock.right) {
      const what = clock.off_ms ? `is ${side(clock.off_ms)}` : "is not compared yet";
      found.push({ bad: true, who: `Clock ${clock.name}`, what: `${what}: its process does nothing that needs the time.` });
    }
  }
  for (const edge of desk.edges) {
    if (edge.rotation) {
      const why = OUT[edge.rotation]?.(edge) ?? edge.rotation;
      found.push({ bad: true, who: edge.name, what: `takes no plays: ${why}.` });
    }
  }
  for (const edge of [...desk.edges].sort((a, b) => b.level - a.level)) {
    if (edge.level > 0 && !edge.rotation) {
      const door = edge.share < 1 ? ` It lets in ${Math.round(edge.share * 100)} % of its usual rate.` : "";
      const what = `is pressed (L${edge.level}): ${LEVELS[edge.level]?.[1] ?? "it leaves things off"}.${door}`;
      found.push({ bad: false, who: edge.name, what });
    }
  }
  for (const clock of desk.clocks) {
    for (const [name, ms] of [["store", clock.store_ms], ["system", clock.system_ms]] as const) {
      if (clock.alarm.split(", ").includes(name)) {
        const what = `sees its ${name}'s clock ${side(ms)}, and does not follow it.`;
        found.push({ bad: false, who: `Clock ${clock.name}`, what });
      }
    }
  }
  return found;
}
