/** Section 5: which leaf may follow which, and what the evening came to by the end of the log. */
import { Failed, must, type Bytes } from "./bytes.ts";
import type { Leaf, LeafOf, Spec } from "./leaves.ts";
import { drawRules, type DrawSoFar } from "./drawrules.ts";
import { roundRules, type RoundSoFar } from "./roundrules.ts";

/** What the log says, by its subjects. */
export interface Evening {
  origin: string;
  leaves: Leaf[];
  hashes: readonly Bytes[];
  begun: LeafOf<"evening"> | null;
  draws: Map<number, DrawSoFar>;
  rounds: Map<string, RoundSoFar>;
  rollUps: LeafOf<"ledger">[];
}

/** Follows the log from its first leaf; fails at the first leaf that may not stand where it stands. */
export function follow(leaves: Leaf[], hashes: readonly Bytes[], origin: string): Evening {
  const evening: Evening = { origin, leaves, hashes, begun: null, draws: new Map(), rounds: new Map(), rollUps: [] };
  for (const leaf of leaves) {
    try {
      step(evening, leaf);
    } catch (problem) {
      throw problem instanceof Failed ? new Failed(`leaf ${leaf.index} (${leaf.kind}): ${problem.message}`) : problem;
    }
  }
  return evening;
}

function step(evening: Evening, leaf: Leaf): void {
  if (leaf.kind === "evening") {
    must(leaf.index === 0, "the evening begins once");
    must(leaf.origin === evening.origin, `it is of the log ${leaf.origin}`);
    evening.begun = leaf;
    return;
  }
  must(evening.begun !== null, "the evening has not begun");
  if (leaf.kind === "spec" || leaf.kind === "open") {
    must(leaf.rehearsal === evening.begun.rehearsal, "it says otherwise whether this is a rehearsal");
  }
  if (leaf.kind === "ledger") {
    must(leaf.rows > (evening.rollUps.at(-1)?.rows ?? 0), "its rows do not grow");
    evening.rollUps.push(leaf);
  } else if ("draw" in leaf) {
    drawRules(evening, leaf);
  } else {
    roundRules(evening, leaf);
  }
}

/** The first round of a row of reruns. */
export function firstRun(evening: Evening, round: string): string {
  const before = evening.rounds.get(round)?.open.rerun_of;
  return before === undefined ? round : firstRun(evening, before);
}

/** What a spec says of a round, or of the one that this round reruns. */
export function namedOf(evening: Evening, spec: Spec, round: string): Spec["rounds"][number] | undefined {
  const first = firstRun(evening, round);
  return spec.rounds.find((one) => one.round === round) ?? spec.rounds.find((one) => one.round === first);
}

/** The rounds that count in a draw at this point, in the order of its spec: the last rerun of each, unless void. */
export function counting(evening: Evening, draw: DrawSoFar): string[] {
  return draw.spec.rounds.flatMap(({ round }) => {
    let last = evening.rounds.get(round);
    while (last?.rerun !== undefined) last = evening.rounds.get(last.rerun);
    return last && !last.voided ? [last.open.round] : [];
  });
}
