/** Go or no go for a draw that is still to come: what would make it void if nobody did anything. Pure. */
import type { Desk, Draw } from "./desk.ts";
import { countdown, timeOfDay } from "./times.ts";

export interface Ready {
  /** wait: all is well as far as it is anybody's turn */
  is: "go" | "wait" | "no";
  words: string;
  /** what is missing and what comes of it, most pressing first */
  lines: string[];
}

const and = (names: readonly string[]): string => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

/** How a draw stands at gala time `nowMs`; null once it has its result, or is void. */
export function ready(desk: Desk, draw: Draw, nowMs: number): Ready | null {
  if (draw.state === "drawn" || draw.state === "announced" || draw.state === "void") return null;
  if (desk.rehearsal) return { is: "go", words: "A rehearsal: the service stands in for parties and witnesses.", lines: [] };
  if (draw.state === "frozen") return closed(draw, nowMs);
  const lines: string[] = [];
  const awake = desk.witnesses.some((one) => one.awake);
  const end = draw.lapses_at_ms > 0 ? `void at ${timeOfDay(draw.lapses_at_ms, desk.zone)}` : "void in the end";
  const missing = draw.parties.filter((one) => one.state === "missing").map((one) => one.party);
  if (missing.length > 0) lines.push(`${and(missing)} ${missing.length === 1 ? "has" : "have"} not committed: without it the roster cannot be frozen, and the draw is ${end}.`);
  if (!awake) lines.push(`${asleep(desk)}: the close waits for one, and without it the draw is ${end}.`);
  if (lines.length > 0) return { is: "no", words: "Not ready.", lines };
  const owing = draw.parties.filter((one) => one.state === "committed").map((one) => one.party);
  const rostered = draw.entrants > 0;
  if (rostered && owing.length > 0) {
    return { is: "wait", words: `${and(owing)} ${owing.length === 1 ? "has" : "have"} yet to reveal.`, lines: ["After a minute the commitment is mixed instead; the draw goes on."] };
  }
  return { is: "go", words: rostered ? "Every party has revealed, a witness is awake." : "Every party has committed, a witness is awake.", lines: [] };
}

function asleep(desk: Desk): string {
  const names = and(desk.witnesses.map((one) => one.name));
  return names ? `No witness is awake (${names})` : "The rundown names no witness";
}

function closed(draw: Draw, nowMs: number): Ready {
  const left = draw.beacon_at_ms - nowMs;
  if (!draw.unseen) return { is: "go", words: "The close was witnessed; the beacon decides, and nobody else.", lines: [] };
  const line = left > 0 ? `Void unless a witness cosigns within ${countdown(left)}.` : "Void unless a cosignature from before the beacon arrives now.";
  return { is: "no", words: "Nobody has cosigned the close yet.", lines: [line] };
}

/** The draw that can still be given up: the next one whose reveals are open. */
export function voidable(desk: Desk): Draw | null {
  return desk.draws.find((draw) => draw.state === "armed") ?? desk.draws.find((draw) => draw.state === "ahead") ?? null;
}

/** What has to be typed before a draw is void. */
export const typedFor = (draw: Draw): string => `VOID ${draw.draw}`;
