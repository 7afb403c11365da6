/** Section 9 over a whole evening: ledger.csv, its roll-ups in the log, prizes.csv. */
import { counted, must } from "./bytes.ts";
import type { TierMoney } from "./books.ts";
import type { Deal } from "./decks.ts";
import type { DrawSoFar } from "./drawrules.ts";
import type { Evening } from "./history.ts";
import type { Files } from "./manifest.ts";
import { Ledger, type CloseOut, type Dated, type DrawMoney } from "./payouts.ts";
import { samePrizes } from "./prizes.ts";
import type { Tier } from "./ranking.ts";
import { budgetOf } from "./specs.ts";
import { rowsOf, type Row } from "./rows.ts";

export interface Run {
  name: string;
  run: () => Promise<string>;
}

/** What came of a draw before its money. */
export interface Drawn {
  tiers: Tier[];
  won: Uint8Array;
}

export function* money(evening: Evening, results: Map<number, Drawn>, decks: Map<string, Deal>, files: Files): Generator<Run> {
  let ledger: Ledger | undefined;
  yield {
    name: "ledger",
    run: async () => {
      const content = await files.read("ledger.csv");
      must(content !== null, "ledger.csv is missing");
      const rows = rowsOf(content);
      rolledUp(evening, rows);
      const draws = new Map<number, DrawMoney>();
      for (const [number, draw] of evening.draws) draws.set(number, moneyOf(draw, results.get(number), decks));
      const books = new Ledger(draws);
      books.run(rows, dated(evening), closed(evening));
      ledger = books;
      return `${counted(rows.length, "row")}; every equation held after each`;
    },
  };
  yield {
    name: "prizes",
    run: async () => {
      const content = await files.read("prizes.csv");
      must(content !== null, "prizes.csv is missing");
      must(ledger !== undefined, "the ledger did not pass");
      const payouts = ledger.payouts();
      samePrizes(content, payouts);
      return `${counted(payouts.length, "voucher")}, each of one rank`;
    },
  };
}

/** Every roll-up gives the hash after its rows, and the file ends with the last. */
function rolledUp({ rollUps }: Evening, rows: readonly Row[]): void {
  for (const { rows: at, hash, index } of rollUps) {
    const row = rows[at - 1];
    must(row !== undefined, `leaf ${index} rolls up ${at} rows of ${rows.length}`);
    must(row.hash === hash, `row ${at} is not the one that leaf ${index} rolled up`);
  }
  const last = rollUps.at(-1)?.rows ?? 0;
  must(rows.length === last, `the file has ${rows.length} rows, the last roll-up ${last}`);
}

function dated({ draws }: Evening): Dated[] {
  const all = [...draws.values()].flatMap(({ spec, dates }) =>
    dates.map(({ draw, index, date, first, last }) => ({ draw, index, date, first, last, date_at_ms: spec.alternates_at_ms[date - 1] ?? Infinity })),
  );
  return all.sort((a, b) => a.first - b.first || a.index - b.index);
}

const closed = ({ draws }: Evening): CloseOut[] => [...draws.values()].flatMap(({ closeOut }) => (closeOut ? [closeOut] : []));

function moneyOf({ spec, result, voided }: DrawSoFar, drawn: Drawn | undefined, decks: Map<string, Deal>): DrawMoney {
  must(result === undefined || drawn !== undefined, `the result of draw ${spec.draw} did not pass`);
  return {
    draw: spec.draw,
    tiers: new Map(
      spec.prizes.map((prize): [number, TierMoney] => {
        const ranks = drawn?.tiers.find((one) => one.tier === prize.tier);
        const deal = decks.get(`${spec.draw}/${prize.tier}`);
        must(!prize.deck || deal !== undefined, `the deck of draw ${spec.draw} tier ${prize.tier} did not pass`);
        const money = {
          currency: prize.currency,
          budget: Number(budgetOf(prize)),
          face: deal ?? (() => prize.amount ?? 0),
          winners: ranks?.winners ?? [],
          alternates: ranks?.alternates ?? [],
        };
        return [prize.tier, money];
      }),
    ),
    window: spec.window,
    dates_at_ms: spec.alternates_at_ms,
    ended: result ? "result" : voided ? "void" : "",
    won: drawn?.won ?? new Uint8Array(),
    cap: spec.cap.prizes,
  };
}
