/** Section 9: the rows of ledger.csv, each chained to the one before, each under the id of what it says. */
import { decimal, Failed, hex, label, must, read, sha256, text, u32be, u64be } from "./bytes.ts";

export const HEADER = "seq,id,at_ms,draw,tier,prize,alternate,kind,n,source,target,amount,currency,hash";

export interface Row {
  seq: number;
  at_ms: number;
  draw: number;
  tier: number;
  prize: number;
  alternate: number;
  kind: string;
  n: number;
  source: string;
  target: string;
  amount: number;
  currency: string;
  /** of the chain up to and with this row */
  hash: string;
}

/** The id of a row, or with kind `issue` and n 1 that of a voucher. */
export function rowId(of: Pick<Row, "draw" | "tier" | "prize" | "alternate" | "kind" | "n">): string {
  const parts = [text("gala/row/1"), u64be(of.draw), u64be(of.tier), u64be(of.prize), u64be(of.alternate), text(of.kind), u64be(of.n)];
  return hex(sha256(...parts.flatMap((part) => [u32be(part.length), part])).slice(0, 16));
}

/** The lines of a CSV file with this header, without it. Every line ends with a line feed. */
export function linesOf(content: Uint8Array, header: string, path: string): string[] {
  const lines = read(content, path).split("\n");
  must(lines.pop() === "" && lines.shift() === header, `${path} does not begin with its header or does not end with a line's end`);
  return lines;
}

/** The rows in order. Fails at the first that is not chained, numbered or named as it must be. */
export function rowsOf(content: Uint8Array): Row[] {
  let tip: Uint8Array = new Uint8Array(32);
  return linesOf(content, HEADER, "ledger.csv").map((line, at) => {
    try {
      const row = rowOf(line, at + 1);
      const cut = line.lastIndexOf(",");
      tip = sha256(label("gala/ledger/1"), tip, text(line.slice(0, cut)));
      must(row.hash === hex(tip), "its hash is not of this row and those before");
      return row;
    } catch (problem) {
      throw problem instanceof Failed ? new Failed(`row ${at + 1}: ${problem.message}`) : problem;
    }
  });
}

function rowOf(line: string, seq: number): Row {
  const cells = line.split(",");
  must(cells.length === HEADER.split(",").length, "it has not as many cells as the header");
  const [first = "", id, at_ms = "", draw = "", tier = "", prize = "", alternate = "", kind = "", n = ""] = cells;
  const [source = "", target = "", amount = "", currency = "", hash = ""] = cells.slice(9);
  const row: Row = {
    seq: decimal(first, "its number"),
    at_ms: decimal(at_ms, "its time"),
    draw: decimal(draw, "its draw"),
    tier: decimal(tier, "its tier"),
    prize: decimal(prize, "its prize"),
    alternate: decimal(alternate, "its alternate"),
    kind,
    n: decimal(n, "its n"),
    source,
    target,
    amount: decimal(amount, "its amount"),
    currency,
    hash,
  };
  must(row.seq === seq, `it is numbered ${row.seq}`);
  must(id === rowId(row), `its id should be ${rowId(row)}`);
  return row;
}
