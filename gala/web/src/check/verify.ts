/** A whole bundle, check by check: SPEC.md of gala-draw/1, written from its words and nothing else. */
import { checkLog } from "./log.ts";
import { openBox, type Box } from "./boxes.ts";
import { counted as count, Failed, hex, must } from "./bytes.ts";
import { readDeck, type Deal } from "./decks.ts";
import type { DrawSoFar } from "./drawrules.ts";
import { follow, type Evening } from "./history.ts";
import { expected, readManifest, sameFile, witnessFiles, type Files, type Manifest } from "./manifest.ts";
import { money, type Drawn } from "./money.ts";
import { resultOf } from "./results.ts";
import { fromBoxes, readRoster, type Roster } from "./roster.ts";
import { readSeen, witnessed, type Seen } from "./witness.ts";

/** One line of a verdict. */
export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

/** What a verifier found on its way, for those who tell about it. */
export interface Progress {
  done: number;
  of: number;
}

interface Reading {
  files: Files;
  manifest: Manifest;
  evening: Evening;
  boxes: Map<string, Box>;
  results: Map<number, Drawn>;
  decks: Map<string, Deal>;
  seen: Seen[];
}

/** Runs a check; whatever it throws is a failure in words. */
async function tried(name: string, run: () => Promise<string> | string): Promise<Check> {
  try {
    return { name, ok: true, detail: await run() };
  } catch (problem) {
    const words = problem instanceof Failed ? problem.message : `cannot be read: ${String(problem)}`;
    return { name, ok: false, detail: words };
  }
}

/** key: the log's verifier key as known from elsewhere, or empty: then the bundle's own is taken at its word. */
export async function* verify(files: Files, key = "", tell: (progress: Progress) => void = () => undefined): AsyncGenerator<Check, boolean> {
  const reading: Partial<Reading> = { files, boxes: new Map(), results: new Map(), decks: new Map(), seen: [] };
  let good = true;
  const say = (check: Check): Check => {
    good &&= check.ok;
    return check;
  };
  yield say(
    await tried("manifest", async () => {
      reading.manifest = await everyFile(files, tell);
      return `${count(reading.manifest.files.length + 1, "file")}${reading.manifest.rehearsal ? "; a REHEARSAL" : ""}`;
    }),
  );
  if (!good || !reading.manifest) return false;
  const { manifest } = reading;
  let log: Awaited<ReturnType<typeof checkLog>> | undefined;
  yield say(
    await tried("log", async () => {
      log = await checkLog(files, key);
      return `${count(log.leaves.length, "leaf", "leaves")} under ${hex(log.root).slice(0, 16)}…, signed by ${log.key.name}+${hex(log.key.id)}${key ? ", the key you know" : "; compare the key with what you know"}`;
    }),
  );
  if (!good || !log) return false;
  const { leaves, hashes, origin, tiles, key: logKey } = log;
  yield say(
    await tried("history", () => {
      const evening = follow(leaves, hashes, origin);
      must(evening.begun?.show === manifest.show && evening.begun.rehearsal === manifest.rehearsal, "the manifest is of another evening");
      reading.evening = evening;
      return `${count(evening.rounds.size, "round")}, ${count(evening.draws.size, "draw")}`;
    }),
  );
  if (!good || !reading.evening) return false;
  const { evening } = reading;
  yield say(
    await tried("files", () => {
      expected(manifest, evening, tiles);
      return "exactly those the log asks for";
    }),
  );
  const all = reading as Reading;
  for (const path of witnessFiles(manifest)) {
    yield say(
      await tried(path, async () => {
        const found = readSeen(await bytes(files, path), path, logKey, evening);
        all.seen.push(found);
        return `cosigned by ${count(found.at_ms.size, "witness", "witnesses")}`;
      }),
    );
  }
  for (const name of evening.rounds.keys()) {
    if (evening.rounds.get(name)?.seal) yield say(await tried(`round ${name}`, () => checkRound(all, name)));
  }
  for (const draw of evening.draws.values()) for await (const check of checkDraw(all, draw)) yield say(check);
  for (const check of money(evening, all.results, all.decks, files)) yield say(await tried(check.name, check.run));
  return good;
}

async function everyFile(files: Files, tell: (progress: Progress) => void): Promise<Manifest> {
  const manifest = await readManifest(files);
  const of = manifest.files.reduce((sum, one) => sum + one.size, 0);
  let done = 0;
  for (const one of manifest.files) {
    sameFile(one, await files.read(one.path));
    done += one.size;
    tell({ done, of });
  }
  return manifest;
}

export async function bytes(files: Files, path: string): Promise<Uint8Array> {
  const found = await files.read(path);
  must(found !== null, `${path} is missing`);
  return found;
}

async function checkRound({ evening, files, boxes }: Reading, name: string): Promise<string> {
  const round = evening.rounds.get(name);
  must(round?.seal !== undefined, `${name} is not sealed`);
  const kept = round.seal.withheld_mac !== undefined;
  const content = kept ? null : await bytes(files, `boxes/${name}.bin`);
  boxes.set(name, openBox(round, await bytes(files, `boxes/${name}.counters.json`), content));
  const plays = count(round.seal.plays, "play");
  if (kept) return `${plays}, too few to publish: its counters are only claimed`;
  return `${plays} recounted${round.voided ? "; void, gives nothing" : ""}`;
}

async function* checkDraw(reading: Reading, draw: DrawSoFar): AsyncGenerator<Check> {
  const { files, decks, seen, results } = reading;
  const { roster: leaf, result, spec } = draw;
  const name = `draw ${spec.draw}`;
  const folder = `draws/${spec.draw}`;
  for (const prize of spec.prizes) {
    if (!prize.deck) continue;
    yield await tried(`${name} deck ${prize.tier}`, async () => {
      const path = `${folder}/deck-${prize.tier}.bin`;
      decks.set(`${spec.draw}/${prize.tier}`, readDeck(prize, await bytes(files, path), path));
      return `${count(prize.count, "card")}, ${prize.deck?.sum.toLocaleString("en")} ${prize.currency} together`;
    });
  }
  let roster: Roster | undefined;
  if (leaf) {
    yield await tried(`${name} roster`, async () => {
      roster = await checkRoster(reading, draw);
      return `${count(leaf.places, "place")} with ${count(leaf.tickets_total, "ticket")}, ${count(leaf.eligible_places, "place")} eligible`;
    });
  }
  if ((draw.voided && draw.voided.cause !== "lapsed") || result) {
    yield await tried(`witness of ${name}`, () => witnessed(draw, seen) ?? "");
  }
  if (!result) return;
  yield await tried(`${name} result`, async () => {
    must(roster !== undefined, "its roster did not pass");
    const [beacon, ranking] = [await bytes(files, `${folder}/beacon.json`), await bytes(files, `${folder}/ranking.bin`)];
    const tiers = resultOf(reading.evening, draw, result, roster, { beacon, ranking });
    results.set(spec.draw, { tiers, won: roster.won });
    const winners = tiers.reduce((sum, tier) => sum + tier.winners.length, 0);
    return `${count(winners, "winner")} by beacon round ${result.beacon_round}${spec.rehearsal ? " of a REHEARSAL beacon" : ""}`;
  });
}

async function checkRoster({ evening, files, boxes }: Reading, draw: DrawSoFar): Promise<Roster> {
  const { spec, roster: leaf } = draw;
  must(leaf !== undefined, "there is no roster");
  const folder = `draws/${spec.draw}`;
  const winners = spec.cap.draws.slice(0, -1).flatMap((earlier) => evening.draws.get(earlier)?.result?.tiers ?? []);
  const found = readRoster(
    draw,
    leaf,
    {
      roster: await bytes(files, `${folder}/roster.bin`),
      eligible: await bytes(files, `${folder}/eligible.bin`),
      won: leaf.won_sha256 === undefined ? null : await bytes(files, `${folder}/won.bin`),
    },
    winners.reduce((sum, tier) => sum + tier.winners, 0),
  );
  fromBoxes(evening, draw, leaf, boxes);
  return found;
}
