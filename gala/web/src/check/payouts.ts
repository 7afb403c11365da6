/** Section 9: which rows the rules allow when: winners alone are paid, alternates follow at fixed dates, the rest returns. */
import { TierBooks, type TierMoney } from "./books.ts";
import { Failed, must } from "./bytes.ts";
import type { Rank } from "./ranking.ts";
import type { Row } from "./rows.ts";

/** What the log says of rows `first` … `last`: they are what happened at a date. */
export interface Dated {
  draw: number;
  /** of its leaf */
  index: number;
  /** 1, 2, … */
  date: number;
  date_at_ms: number;
  first: number;
  last: number;
}

export interface CloseOut {
  draw: number;
  rows: number;
  redeemed: Map<string, number>;
  returned: Map<string, number>;
}

/** What of a draw's money is fixed by spec and result. */
export interface DrawMoney {
  draw: number;
  tiers: Map<number, TierMoney>;
  window: { valid_from_ms: number; valid_until_ms: number };
  /** when what nobody claimed passes on, ms since 1970 */
  dates_at_ms: readonly number[];
  ended: "result" | "void" | "";
  won: Uint8Array;
  cap: number;
}

/** A voucher of the bundle: who holds it and what it is worth. */
export interface Payout {
  draw: number;
  tier: number;
  prize: number;
  alternate: number;
  rank: Rank;
  amount: number;
  currency: string;
}

/** A step that the rules ask for at a date. */
type Step = Pick<Row, "draw" | "tier" | "prize" | "alternate" | "kind">;

const BY_DATE = new Set(["pass", "promote"]);
const ENDS = new Set(["expire", "lapse"]);

export class Ledger {
  readonly books = new Map<string, TierBooks>();
  /** which rank holds a promoted voucher, by draw/tier/prize/alternate */
  private readonly promoted = new Map<string, Rank>();
  /** the next alternate of a tier that nobody has used */
  private readonly next = new Map<string, number>();
  private readonly paid = new Map<string, number>();
  /** dates of each draw that were held so far */
  private readonly held = new Map<number, number>();
  private returns: Step | null = null;

  constructor(private readonly draws: Map<number, DrawMoney>) {
    for (const { draw, tiers } of draws.values()) {
      for (const [tier, money] of tiers) {
        this.books.set(`${draw}/${tier}`, new TierBooks(money));
        for (const { place } of money.winners) this.count(draw, place);
      }
    }
  }

  private count(draw: number, place: number): void {
    this.paid.set(`${draw}/${place}`, (this.paid.get(`${draw}/${place}`) ?? 0) + 1);
  }

  /** Every row in order, with what the log says about dates and close-outs. */
  run(rows: readonly Row[], dated: readonly Dated[], closed: readonly CloseOut[]): void {
    const dates = [...dated];
    let steps: { expected: Step[]; date: Dated } | null = null;
    for (const row of [...rows, null]) {
      const seq = row?.seq ?? rows.length + 1;
      while ((steps?.expected.length ?? 0) === 0 && dates[0]?.first === seq) {
        const date = dates.shift() as Dated;
        must(this.returns === null, `date ${date.date} of draw ${date.draw} begins between an expiry and its return`);
        steps = { expected: this.due(date), date };
        must(steps.expected.length === date.last - date.first + 1, `date ${date.date} of draw ${date.draw} asks for ${steps.expected.length} rows`);
      }
      for (const one of closed) if (one.rows === seq - 1) this.closes(one);
      if (row === null) break;
      try {
        const expected = steps?.expected.shift();
        if (expected && steps) asExpected(row, expected, steps.date);
        this.book(row, expected !== undefined);
        for (const one of closed) must(one.draw !== row.draw || row.seq <= one.rows, `draw ${row.draw} is closed`);
      } catch (problem) {
        throw problem instanceof Failed ? new Failed(`row ${row.seq}: ${problem.message}`) : problem;
      }
    }
    must(dates.length === 0 && (steps?.expected.length ?? 0) === 0, "the log names rows of a date that are not in the file");
    for (const one of closed) must(one.rows <= rows.length, `draw ${one.draw} closes at a row that is not in the file`);
    must(this.returns === null, "an expired voucher is not returned");
  }

  private book(row: Row, byDate: boolean): void {
    const draw = this.draws.get(row.draw);
    const books = this.books.get(`${row.draw}/${row.tier}`);
    must(draw !== undefined && books !== undefined, `no tier ${row.tier} of a draw ${row.draw}`);
    if (this.returns) {
      const { tier, prize, alternate } = this.returns;
      must(row.kind === "return" && row.draw === this.returns.draw && row.tier === tier && row.prize === prize && row.alternate === alternate, "the voucher that expired is not returned at once");
    }
    this.returns = null;
    if (row.kind === "fund") must(row.amount === books.money.budget, `${row.amount} ${row.currency} of budget, not ${books.money.budget}`);
    else if (row.kind === "leftover") must(row.amount > 0 && row.amount === left(draw, books), `${row.amount} ${row.currency} are not what no rank won`);
    else this.allowed(row, byDate, draw, books);
    books.book(row);
  }

  private allowed(row: Row, byDate: boolean, draw: DrawMoney, books: TierBooks): void {
    must(draw.ended === "result", `draw ${draw.draw} has no result`);
    must(row.prize < books.money.winners.length, `prize ${row.prize} of tier ${row.tier} was won by nobody`);
    const { valid_from_ms, valid_until_ms } = draw.window;
    const next_at_ms = draw.dates_at_ms[this.held.get(draw.draw) ?? 0];
    if (row.kind === "claim") must(row.at_ms < (next_at_ms ?? valid_until_ms), "a claim after the next date or the window's end");
    if (row.kind === "redeem") must(valid_from_ms <= row.at_ms && row.at_ms < valid_until_ms, "a voucher redeemed outside its window");
    if (byDate) return;
    must(!BY_DATE.has(row.kind) && !(row.kind === "issue" && row.alternate > 0), `${row.kind} on no date`);
    if (ENDS.has(row.kind)) {
      must(row.at_ms >= valid_until_ms, `${row.kind} within the window`);
      must(next_at_ms === undefined, `${row.kind} before every date was held`);
      this.returns = row;
    }
  }

  /** What a date asks for: every voucher that nobody claimed expires; the next rank takes it, or it returns. */
  private due({ draw, date }: Dated): Step[] {
    const of = this.draws.get(draw);
    must(of !== undefined, `no draw ${draw}`);
    must(date === (this.held.get(draw) ?? 0) + 1, `date ${date} of draw ${draw} is held out of order`);
    this.held.set(draw, date);
    this.whole(of);
    const steps: Step[] = [];
    for (const [tier, { winners }] of of.tiers) {
      const books = this.books.get(`${draw}/${tier}`);
      const live = [...(books?.vouchers.values() ?? [])].filter((one) => one.state === "live").sort((a, b) => a.prize - b.prize);
      for (const voucher of live) {
        const at = { draw, tier, prize: voucher.prize };
        steps.push({ ...at, alternate: voucher.alternate, kind: "expire" });
        const rank = winners.length > 0 ? this.taken(of, tier) : undefined;
        if (!rank) {
          steps.push({ ...at, alternate: voucher.alternate, kind: "return" });
          continue;
        }
        const alternate = voucher.alternate + 1;
        this.promoted.set(`${draw}/${tier}/${voucher.prize}/${alternate}`, rank);
        steps.push({ ...at, alternate: voucher.alternate, kind: "pass" }, { ...at, alternate, kind: "promote" }, { ...at, alternate, kind: "issue" });
      }
    }
    return steps;
  }

  /** The next alternate whose place is not at the cap; those at it are passed over for good. */
  private taken({ draw, tiers, won, cap }: DrawMoney, tier: number): Rank | undefined {
    const ranks = tiers.get(tier)?.alternates ?? [];
    for (let at = this.next.get(`${draw}/${tier}`) ?? 0; at < ranks.length; at++) {
      this.next.set(`${draw}/${tier}`, at + 1);
      const rank = ranks[at];
      if (!rank) continue;
      if ((won[rank.place] ?? 0) + (this.paid.get(`${draw}/${rank.place}`) ?? 0) >= cap) continue;
      this.count(draw, rank.place);
      return rank;
    }
    return undefined;
  }

  private closes(one: CloseOut): void {
    const draw = this.draws.get(one.draw);
    const held = draw?.ended === "void" || draw?.dates_at_ms.length === (this.held.get(one.draw) ?? 0);
    must(held, `draw ${one.draw} closes before every date was held`);
    const [redeemed, returned, budget] = [new Map<string, bigint>(), new Map<string, bigint>(), new Map<string, bigint>()];
    const add = (to: Map<string, bigint>, currency: string, sum: bigint): void => void to.set(currency, (to.get(currency) ?? 0n) + sum);
    for (const tier of draw?.tiers.keys() ?? []) {
      const books = this.books.get(`${one.draw}/${tier}`);
      if (!books) continue;
      for (const account of ["BUDGET", "RESERVED", "ISSUED", "CLAIMED", "EXPIRED", "ALTERNATE"]) {
        must(books.balance(account) === 0n, `draw ${one.draw} closes with ${books.balance(account)} in ${account} of tier ${tier}`);
      }
      const { currency } = books.money;
      add(redeemed, currency, books.balance("REDEEMED"));
      add(returned, currency, books.balance("RETURNED"));
      add(budget, currency, BigInt(books.money.budget));
    }
    for (const [currency, sum] of budget) {
      const [out, back] = [redeemed.get(currency) ?? 0n, returned.get(currency) ?? 0n];
      must(out + back === sum, `draw ${one.draw}: ${sum} ${currency} of budget are not redeemed + returned`);
      const said = BigInt(one.redeemed.get(currency) ?? -1) === out && BigInt(one.returned.get(currency) ?? -1) === back;
      must(said, `draw ${one.draw} closes with ${out} ${currency} redeemed and ${back} returned`);
    }
    const known = [...one.redeemed.keys(), ...one.returned.keys()].every((currency) => budget.has(currency));
    must(known, `draw ${one.draw} closes in a currency it has no prize in`);
  }

  /** Fails unless every prize of a draw that was won is issued, and what nobody won has left its budget. */
  private whole(of: DrawMoney): void {
    for (const [tier, money] of of.tiers) {
      const books = this.books.get(`${of.draw}/${tier}`);
      if (!books) continue;
      for (const prize of money.winners.keys()) {
        must(books.voucher(prize, 0).n > 1, `prize ${prize} of draw ${of.draw} tier ${tier} was not issued`);
      }
      must(books.all("leftover") === BigInt(left(of, books)), `the leftover of draw ${of.draw} tier ${tier} is not returned`);
    }
  }

  /** Every voucher there is, by draw, tier, prize, alternate. Fails where a draw has issued some of its prizes only. */
  payouts(): Payout[] {
    const found: Payout[] = [];
    for (const of of this.draws.values()) {
      const { draw, tiers, ended } = of;
      const books = [...tiers.keys()].map((tier) => this.books.get(`${draw}/${tier}`));
      if (books.some((one) => one && (one.vouchers.size > 0 || one.all("leftover") > 0n))) this.whole(of);
      if (ended !== "result") continue;
      for (const [tier, money] of tiers) {
        for (const [prize, rank] of money.winners.entries()) {
          const at = { draw, tier, prize, amount: money.face(prize), currency: money.currency };
          found.push({ ...at, alternate: 0, rank });
          for (let alternate = 1; ; alternate++) {
            const next = this.promoted.get(`${draw}/${tier}/${prize}/${alternate}`);
            if (!next) break;
            found.push({ ...at, alternate, rank: next });
          }
        }
      }
    }
    return found;
  }
}

/** What of a tier's budget no rank won; after a void all of it. */
function left(draw: DrawMoney, { money }: TierBooks): number {
  must(draw.ended !== "", `draw ${draw.draw} has not ended`);
  return money.winners.reduce((rest, _, prize) => rest - money.face(prize), money.budget);
}

function asExpected(row: Row, step: Step, { date_at_ms }: Dated): void {
  const same = row.draw === step.draw && row.tier === step.tier && row.prize === step.prize && row.alternate === step.alternate && row.kind === step.kind;
  must(same, `the date asks for ${step.kind} of draw ${step.draw} tier ${step.tier} prize ${step.prize} alternate ${step.alternate}`);
  must(row.at_ms >= date_at_ms, "it is before its date");
}

