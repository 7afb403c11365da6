/** What the arches say, worked out from the evidence. Knows no page. */
import type { Evidence, EvidenceDraw, EvidenceEquation, EvidenceRound } from "../protocol.gen.ts";
import { count } from "../director/times.ts";

/** pass and fail are of something that was compared; a fact that nobody has checked yet is only `stands`. */
export type Verdict = "pass" | "fail" | "stands" | "waits";

export interface Bay {
  name: string;
  verdict: Verdict;
  word: string;
  figure: string;
  what: string;
  print: string;
}

const short = (hex: string): string => (hex ? `${hex.slice(0, 4)}…${hex.slice(-4)}` : "");

/** The verdict of the bundle's checks whose names say so; null while none of them has run. */
function checked(evidence: Evidence, of: (name: string) => boolean): boolean | null {
  const found = evidence.checks.filter((check) => of(check.name));
  return found.length > 0 ? found.every((check) => check.ok) : null;
}

const told = (verdict: boolean | null, until: Verdict): Verdict => (verdict === null ? until : verdict ? "pass" : "fail");

/** All that hold, of those of that name; null where there is none. */
function hold(equations: EvidenceEquation[], of: (one: EvidenceEquation) => boolean): boolean | null {
  const found = equations.filter(of);
  return found.length > 0 ? found.every((one) => one.holds) : null;
}

const both = (a: boolean | null, b: boolean | null): boolean | null => (a === null ? b : b === null ? a : a && b);

const WORDS: Record<Verdict, string> = { pass: "PASS", fail: "FAIL", stands: "WRITTEN", waits: "WAITS" };

/** Rounds that count: sealed ones prove, open ones are on their way. */
export const counting = (evidence: Evidence): EvidenceRound[] => evidence.rounds.filter((round) => round.state !== "void");

export function bays(evidence: Evidence): Bay[] {
  const sealed = counting(evidence).filter((round) => round.state === "sealed");
  const boxes = sealed.length > 0 ? sealed.every((round) => round.equal) : null;
  const begun = evidence.draws.filter((one) => ["frozen", "drawn", "announced"].includes(one.state));
  const drawn = begun.filter((one) => one.state !== "frozen");
  const sum = (draws: EvidenceDraw[], of: (one: EvidenceDraw) => number): number =>
    draws.reduce((all, one) => all + of(one), 0);
  const winners = count(sum(drawn, (one) => one.winners));
  const latest = begun.at(-1);
  const payouts = (one: EvidenceEquation): boolean => one.name.startsWith("payouts") || one.name.startsWith("prizes of");
  const make = (name: string, verdict: Verdict, figure: string, what: string, print: string): Bay => ({
    name,
    verdict,
    word: WORDS[verdict],
    figure,
    what,
    print,
  });
  return [
    make(
      "Boxes",
      told(both(boxes, checked(evidence, (name) => name.startsWith("round "))), "waits"),
      count(sealed.reduce((sum, round) => sum + round.plays, 0)),
      `slots in ${count(sealed.length)} sealed ${sealed.length === 1 ? "box" : "boxes"}`,
      evidence.root ? `log root ${short(evidence.root)}` : "",
    ),
    make(
      "Roster",
      told(checked(evidence, (name) => name.endsWith("roster")), latest ? "stands" : "waits"),
      latest ? count(sum(begun, (one) => one.entrants)) : "–",
      latest
        ? `${begun.length > 1 ? `places in ${count(begun.length)} rosters` : "entrants"}, ${count(sum(begun, (one) => one.tickets))} tickets`
        : "nothing is frozen yet",
      latest ? `${begun.length > 1 ? `draw ${latest.draw}: ` : ""}root ${short(latest.root)}` : "",
    ),
    make(
      "Draw",
      told(checked(evidence, (name) => name.endsWith("result")), drawn.length > 0 ? "stands" : "waits"),
      drawn.length > 0 ? winners : "–",
      drawn.length > 1
        ? `winners of ${count(drawn.length)} draws, the lowest scores`
        : drawn.length > 0
          ? "winners, the lowest scores"
          : latest
            ? "the beacon is awaited"
            : "no draw yet",
      latest && latest.beacon_round > 0 ? `beacon round ${count(latest.beacon_round)}` : "",
    ),
    make(
      "Vouchers",
      told(both(hold(evidence.equations, payouts), checked(evidence, (name) => name === "prizes")), "waits"),
      drawn.length > 0 ? winners : "–",
      drawn.length > 0 ? "one for each winning rank" : "none issued yet",
      "",
    ),
    make(
      "Ledger",
      told(both(hold(evidence.equations, () => true), checked(evidence, (name) => name === "ledger")), "waits"),
      count(evidence.rows),
      "rows; debits equal credits",
      evidence.chain && evidence.rows > 0 ? `chain ${short(evidence.chain)}` : "",
    ),
  ];
}

/** How a round stands between its counters, its box and the log. */
export function agreement(round: EvidenceRound): { verdict: Verdict; words: string } {
  if (round.state === "void") return { verdict: "waits", words: "void, counts for nothing" };
  if (round.state !== "sealed") return { verdict: "waits", words: round.state === "open" ? "open" : "being sealed" };
  if (!round.equal) return { verdict: "fail", words: "not equal" };
  return { verdict: "pass", words: "equal" };
}

export interface Count {
  name: string;
  counter: number;
  recount: number;
}

/** Every count of a round by name, as the counters and as the box have it. */
export function counts(round: EvidenceRound): Count[] {
  const names = [...new Set([...Object.keys(round.counters), ...Object.keys(round.recount)])].sort();
  return names.map((name) => ({ name, counter: round.counters[name] ?? 0, recount: round.recount[name] ?? 0 }));
}

/** Refused plays by reason over all rounds, most first. */
export function refusals(evidence: Evidence): { reason: string; plays: number; rounds: string[] }[] {
  const found = new Map<string, { plays: number; rounds: string[] }>();
  for (const round of evidence.rounds) {
    for (const [reason, plays] of Object.entries(round.refused)) {
      const held = found.get(reason) ?? { plays: 0, rounds: [] };
      found.set(reason, { plays: held.plays + plays, rounds: [...held.rounds, round.title] });
    }
  }
  return [...found]
    .map(([reason, of]) => ({ reason, ...of }))
    .sort((a, b) => b.plays - a.plays || (a.reason < b.reason ? -1 : 1));
}

/** Plays refused for a reason over all rounds, by the channel they came from, most first. */
export function refusedOn(evidence: Evidence, reason: string): [channel: string, plays: number][] {
  const found = new Map<string, number>();
  for (const round of evidence.rounds) {
    for (const [channel, plays] of Object.entries(round.refused_by_channel[reason] ?? {})) {
      found.set(channel, (found.get(channel) ?? 0) + plays);
    }
  }
  return [...found].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** One sentence over everything that was compared so far. */
export function verdict(evidence: Evidence): { verdict: Verdict; words: string } {
  const failed = bays(evidence).filter((bay) => bay.verdict === "fail").length;
  const checks = evidence.checks.length;
  const wrong = evidence.checks.filter((check) => !check.ok).length;
  if (wrong > 0) return { verdict: "fail", words: `${count(wrong)} of ${count(checks)} checks fail` };
  if (failed > 0) return { verdict: "fail", words: "Something does not agree" };
  if (checks > 0) return { verdict: "pass", words: `${count(checks)} checks pass` };
  return { verdict: "waits", words: "All that was compared so far agrees" };
}
