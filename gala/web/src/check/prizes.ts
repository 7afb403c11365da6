/** Section 9: prizes.csv is every voucher in its order, and no line more. */
import { must } from "./bytes.ts";
import type { Payout } from "./payouts.ts";
import { linesOf, rowId } from "./rows.ts";

const HEADER = "draw,tier,prize,alternate,place,ticket,score,amount,currency,voucher";

export function samePrizes(content: Uint8Array, payouts: readonly Payout[]): void {
  const lines = linesOf(content, HEADER, "prizes.csv");
  for (const [at, { rank, ...one }] of payouts.entries()) {
    const voucher = rowId({ ...one, kind: "issue", n: 1 });
    const cells = [one.draw, one.tier, one.prize, one.alternate, rank.place, rank.ticket, rank.score, one.amount, one.currency, voucher];
    must(lines[at] === cells.join(","), `prizes.csv: line ${at + 2} should be ${cells.join(",")}`);
  }
  must(lines.length === payouts.length, `prizes.csv has ${lines.length} prizes, not ${payouts.length}`);
}
