/** What may follow what in a round: open, lock, settle, seal, void; a rerun takes the place of what it repeats. */
import { must } from "./bytes.ts";
import { encode } from "./canonical.ts";
import { commitment } from "./chains.ts";
import { fieldsOf, splits } from "./counts.ts";
import { fieldsIn } from "./entries.ts";
import { firstRun, namedOf, type Evening } from "./history.ts";
import type { LeafOf } from "./leaves.ts";
import { areChannels } from "./specs.ts";

const PUBLISHED_FROM = 20;
const CHAIN_MAX = 4096;
const CHANNELS_MAX = 256;

export interface RoundSoFar {
  open: LeafOf<"open">;
  rerun?: string;
  locked?: boolean;
  settled?: number;
  /** of the box, sealed while it was still open on other channels */
  parts?: LeafOf<"part">[];
  seal?: LeafOf<"seal">;
  voided?: boolean;
}

type RoundLeaf = LeafOf<"open"> | LeafOf<"lock"> | LeafOf<"settle"> | LeafOf<"part"> | LeafOf<"seal"> | LeafOf<"round-void">;

export function roundRules(evening: Evening, leaf: RoundLeaf): void {
  if (leaf.kind === "open") {
    open(evening, leaf);
    return;
  }
  const round = evening.rounds.get(leaf.round);
  must(round !== undefined, `${leaf.round} has not opened`);
  for (const draw of evening.draws.values()) {
    const counted = draw.roster?.rounds.some((one) => one.round === leaf.round) ?? false;
    const later = (leaf.kind === "part" || leaf.kind === "seal") && namedOf(evening, draw.spec, leaf.round)?.apart;
    must(!counted || later === true, `${leaf.round} is in the roster of draw ${draw.spec.draw} already`);
  }
  if (leaf.kind === "lock") {
    must(!round.locked, `${leaf.round} is locked already`);
    round.locked = true;
  } else if (leaf.kind === "round-void") {
    must(!round.voided, `${leaf.round} is void already`);
    round.voided = true;
  } else {
    must(round.locked === true, `${leaf.kind} without lock`);
    if (leaf.kind === "settle") {
      must(round.settled === undefined, `${leaf.round} is settled already`);
      round.settled = leaf.settled;
    } else if (leaf.kind === "part") {
      parted(round, leaf);
      round.parts = [...(round.parts ?? []), leaf];
    } else {
      must(round.seal === undefined, `${leaf.round} is sealed already`);
      sealed(round, leaf);
      round.seal = leaf;
    }
  }
}

function open(evening: Evening, leaf: LeafOf<"open">): void {
  must(!evening.rounds.has(leaf.round), `${leaf.round} opened before`);
  must((leaf.game === undefined) === (leaf.settings === undefined), "it gives a game without settings, or settings without a game");
  const known = new Set(leaf.layout.fields.map(([name]) => name));
  const read = [...leaf.counts.flatMap(fieldsOf), ...leaf.entries.flatMap((rule) => fieldsIn(rule.when))];
  const unknown = read.find((name) => !known.has(name));
  must(unknown === undefined, `its layout has no field called ${unknown}`);
  countable(leaf);
  if (leaf.chains) {
    const { length, commitments } = leaf.chains;
    must(length <= CHAIN_MAX, "its chains are too long");
    must(commitments.length > 0 && commitments.length <= CHANNELS_MAX, `it has ${commitments.length} chains`);
  }
  const before = leaf.rerun_of;
  if (before !== undefined) {
    const repeated = evening.rounds.get(before);
    must(repeated !== undefined, `it reruns ${before}, which has not opened`);
    must(repeated.rerun === undefined, `${before} has a rerun already`);
    repeated.rerun = leaf.round;
  }
  evening.rounds.set(leaf.round, { open: leaf });
  const first = firstRun(evening, leaf.round);
  for (const { spec, roster } of evening.draws.values()) {
    for (const one of spec.rounds) {
      must(before === undefined || one.round !== leaf.round, `the spec of draw ${spec.draw} names it, and it is a rerun`);
      if (one.round !== first) continue;
      must(before === undefined || !roster, `it reruns a round of draw ${spec.draw}, which has its roster`);
      const same = encode(one.entries, "entries") === encode(leaf.entries, "entries");
      must(same, `its entries are not those of draw ${spec.draw}`);
    }
  }
}

/** A count has a name of its own, without a slash, and splits by one or more fields of together at most 64 bits. */
function countable({ counts, layout }: LeafOf<"open">): void {
  const names = counts.map((one) => one.name);
  must(new Set(names).size === names.length && !names.some((name) => name.includes("/")), "a count's name stands twice, or has a slash");
  const bits = new Map(layout.fields.map(([name, kind]) => [name, Number(kind.slice(1))]));
  for (const one of counts) {
    const wide = splits(one)?.reduce((sum, name) => sum + (bits.get(name) ?? 0), 0) ?? 1;
    must(wide > 0 && wide <= 64, `the count ${one.name} is by nothing, or by more than 64 bits`);
  }
}

/** A part is of channels that are in no other, while the box is still to be sealed. */
function parted(round: RoundSoFar, leaf: LeafOf<"part">): void {
  areChannels(leaf.channels, "its channels");
  const taken = new Set(round.parts?.flatMap((other) => other.channels));
  must(!leaf.channels.some((channel) => taken.has(channel)), "a channel of it is in another part of the box");
  must(round.seal === undefined && !round.voided, `${leaf.round} is sealed or void already`);
  keptBack(leaf, "a part");
}

/** A box or a part of it is told of so that it can be found again, or kept back, where there are few plays. */
function keptBack(leaf: LeafOf<"part"> | LeafOf<"seal">, what: string): void {
  const shown = [leaf.size, leaf.sha256, leaf.root].filter((one) => one !== undefined).length;
  if (leaf.plays < PUBLISHED_FROM) {
    must(shown === 0 && leaf.withheld_mac !== undefined, `${what} of ${leaf.plays} plays is kept back`);
  } else {
    must(shown === 3 && leaf.withheld_mac === undefined, `${what} of ${leaf.plays} plays is published`);
  }
}

/** A seal publishes its box, or keeps back one of a few plays; it opens the chains that were committed to. */
function sealed({ open }: RoundSoFar, leaf: LeafOf<"seal">): void {
  keptBack(leaf, "a box");
  const promised = open.chains?.commitments;
  must(promised === undefined || leaf.heads !== undefined, "it does not open the chains");
  must(promised !== undefined || leaf.heads === undefined, "it has heads of no chains");
  if (!promised || !leaf.heads || !open.chains) return;
  must(promised.length === leaf.heads.length, `${leaf.heads.length} heads of ${promised.length} chains`);
  for (const [channel, head] of leaf.heads.entries()) {
    const found = commitment(head, channel, open.chains.length);
    must(found === promised[channel], `the head of channel ${channel} does not lead to what was promised`);
  }
}
