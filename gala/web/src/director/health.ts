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
