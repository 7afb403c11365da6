/** Section 9: accounts and vouchers as the rows move them. What may be moved when is asked of `payouts.ts`. */
import { must } from "./bytes.ts";
import type { Rank } from "./ranking.ts";
import type { Row } from "./rows.ts";

export type State = "none" | "reserved" | "live" | "claimed" | "redeemed" | "expired" | "passed" | "returned";
interface Move {
  source: string;
  target: string;
  before: State;
  after: State;
}

const move = (source: string, target: string, before: State, after: State): Move => ({ source, target, before, after });

export const MOVES: Record<string, Move> = {
  reserve: move("BUDGET", "RESERVED", "none", "reserved"),
  promote: move("ALTERNATE", "RESERVED", "none", "reserved"),
  issue: move("RESERVED", "ISSUED", "reserved", "live"),
  claim: move("ISSUED", "CLAIMED", "live", "claimed"),
  redeem: move("CLAIMED", "REDEEMED", "claimed", "redeemed"),
  rollback: move("REDEEMED", "CLAIMED", "redeemed", "claimed"),
  expire: move("ISSUED", "EXPIRED", "live", "expired"),
  lapse: move("CLAIMED", "EXPIRED", "claimed", "expired"),
  pass: move("EXPIRED", "ALTERNATE", "expired", "passed"),
  return: move("EXPIRED", "RETURNED", "expired", "returned"),
};
const WHOLE: Record<string, [source: string, target: string]> = {
  fund: ["OUTSIDE", "BUDGET"],
  leftover: ["BUDGET", "RETURNED"],
};

export interface Voucher {
  prize: number;
  alternate: number;
  state: State;
  n: number;
}

/** What a tier has to give: its budget, the face value of each prize, and by rank who gets it. */
export interface TierMoney {
  currency: string;
  budget: number;
  face: (prize: number) => number;
  winners: Rank[];
  alternates: Rank[];
}

/** The books of one tier of one draw. */
export class TierBooks {
  readonly vouchers = new Map<string, Voucher>();
  readonly balances = new Map<string, bigint>();
  /** sums of all rows of a kind */
  readonly moved = new Map<string, bigint>();

  constructor(readonly money: TierMoney) {}

  balance(account: string): bigint {
    return this.balances.get(account) ?? 0n;
  }

  all(kind: string): bigint {
    return this.moved.get(kind) ?? 0n;
  }

  voucher(prize: number, alternate: number): Voucher {
    return this.vouchers.get(`${prize}/${alternate}`) ?? { prize, alternate, state: "none", n: 0 };
  }

  /** Books one row; fails where it breaks an equation. */
  book(row: Row): void {
    must(row.currency === this.money.currency, `it is in ${row.currency}, the tier in ${this.money.currency}`);
    const whole = Object.hasOwn(WHOLE, row.kind) ? WHOLE[row.kind] : undefined;
    if (whole) {
      must(row.prize === 0 && row.alternate === 0 && row.n === 0, `a ${row.kind} is of no voucher`);
      must(!this.moved.has(row.kind), `a second ${row.kind} of this tier`);
      this.between(row, whole[0], whole[1]);
      return;
    }
    const change = Object.hasOwn(MOVES, row.kind) ? MOVES[row.kind] : undefined;
    must(change !== undefined, `${row.kind} is no kind of row`);
    const held = this.voucher(row.prize, row.alternate);
    must(held.state === change.before, `${row.kind} of a voucher that is ${held.state}`);
    must(row.n === held.n, `it is the voucher's row ${held.n}, not ${row.n}`);
    must((row.alternate > 0) === (row.kind === "promote") || held.state !== "none", `${row.kind} begins no voucher of alternate ${row.alternate}`);
    const face = this.money.face(row.prize);
    must(row.amount === face, `${row.amount} ${row.currency} is not the face value, ${face}`);
    this.vouchers.set(`${row.prize}/${row.alternate}`, { ...held, state: change.after, n: held.n + 1 });
    this.between(row, change.source, change.target);
    this.equations();
  }

  private between(row: Row, source: string, target: string): void {
    must(row.source === source && row.target === target, `a ${row.kind} goes from ${source} to ${target}`);
    const amount = BigInt(row.amount);
    this.moved.set(row.kind, this.all(row.kind) + amount);
    this.balances.set(source, this.balance(source) - amount);
    this.balances.set(target, this.balance(target) + amount);
    must(source === "OUTSIDE" || this.balance(source) >= 0n, `it leaves ${source} with less than nothing`);
  }

  private equations(): void {
    const outstanding = this.balance("ISSUED") + this.balance("CLAIMED");
    const expired = this.all("expire") + this.all("lapse");
    must(this.all("issue") === this.balance("REDEEMED") + expired + outstanding, "issued is not redeemed + expired + outstanding");
    const bound = this.all("issue") - this.all("pass") + this.balance("RESERVED");
    must(bound <= BigInt(this.money.budget), "issued − passed + reserved is above the budget");
  }
}
