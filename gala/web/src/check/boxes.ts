/** Section 6: a sealed round's files: the slots are those that were sealed, and count to what the show said. */
import { hex, must, sha256 } from "./bytes.ts";
import { decode } from "./canonical.ts";
import { counted, difference, type Counters } from "./counts.ts";
import { column, picked, slots, type Slots } from "./layout.ts";
import type { LeafOf } from "./leaves.ts";
import { most, tickets, type Rule } from "./entries.ts";
import { fileRoot } from "./merkle.ts";
import type { RoundSoFar } from "./roundrules.ts";
import { positive, record, table } from "./shape.ts";

const tallies = record({ counters: table(positive), recount: table(positive) });

/** A box as published: its slots, or null where it was kept back. */
export type Box = { round: RoundSoFar; seal: LeafOf<"seal">; slots: Slots | null };

export function openBox(round: RoundSoFar, counters: Uint8Array, content: Uint8Array | null): Box {
  const { open, seal } = round;
  must(seal !== undefined, "it is not sealed");
  const found = tallies(decode(counters, `boxes/${open.round}.counters.json`), "its counters");
  must(hex(sha256(counters)) === seal.counters_sha256, "its counters are not those that were sealed");
  const differ = difference(found.counters, found.recount);
  must(seal.recount_equal === (differ === ""), `the seal does not say truly whether counters and recount are equal: ${differ}`);
  must(seal.recount_equal, `counters and recount differ: ${differ}`);
  const parts = round.parts ?? [];
  const early = parts.reduce((sum, part) => sum + part.plays, 0);
  must(early <= seal.plays, `parts of it held ${early} plays, and its box ${seal.plays}`);
  if (content === null) return { round, seal, slots: null };
  must(content.length === seal.size, `its box has ${content.length} bytes, not ${seal.size}`);
  must(hex(sha256(content)) === seal.sha256, "its box is not the one that was sealed");
  must(hex(fileRoot(content, open.layout.width)) === seal.root, "its box has another root");
  const held = slots(open.layout, content, "its box");
  must(held.count === seal.plays, `its box holds ${held.count} slots, not ${seal.plays}`);
  const seqs = column(held, "seq");
  must(
    seqs.every((seq: number | bigint) => Number(seq) > 0),
    "its box has a slot without a play",
  );
  const own: Counters = counted(open.counts, held);
  const wrong = difference(own, found.recount);
  must(wrong === "", `its box does not count to its recount: ${wrong}`);
  for (const part of parts) parted(part, held, content);
  return { round, seal, slots: held };
}

/** What was sealed of some channels early is what the box holds of them. */
function parted(part: LeafOf<"part">, held: Slots, content: Uint8Array): void {
  const whose = `its part of channels ${part.channels.join(", ")}`;
  const width = content.length / held.count;
  const seen = column(held, "channel");
  const early = content.filter((_, at) => part.channels.includes(Number(seen[Math.floor(at / width)])));
  const plays = early.length / width;
  must(plays === part.plays, `${whose} held ${part.plays} plays, the box has ${plays} of them`);
  if (part.sha256 === undefined) return;
  const same = early.length === part.size && hex(sha256(early)) === part.sha256 && hex(fileRoot(early, width)) === part.root;
  must(same, `${whose} is not what the box holds of them`);
}

export interface Share {
  /** tickets of the slots that have any, in no order; null where the box was kept back */
  each: number[] | null;
  /** at most so many viewers and tickets */
  holdersMost: number;
  ticketsMost: number;
}

/** What a box gives to a draw. channels: where the draw's spec names some, only slots of these give tickets. */
export function share(box: Box, rules: readonly Rule[], channels: readonly number[] | undefined): Share {
  const { plays } = box.seal;
  if (box.slots === null) return { each: null, holdersMost: plays, ticketsMost: plays * most(rules) };
  const counts = channels === undefined ? box.slots : onChannels(box.slots, channels);
  const each = Array.from(tickets(counts, rules, box.round.settled)).filter((held) => held > 0);
  return { each, holdersMost: each.length, ticketsMost: each.reduce((sum, held) => sum + held, 0) };
}

function onChannels(of: Slots, channels: readonly number[]): Slots {
  const seen = column(of, "channel");
  const counting = new Set(channels);
  return picked(of, (slot) => counting.has(Number(seen[slot])));
}

