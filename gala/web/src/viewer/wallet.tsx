import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import type { VoucherView } from "../protocol.gen.ts";
import type { Key } from "../i18n/en.ts";
import { usePage } from "./page.ts";
import { State } from "./state.tsx";

/** later: its window is not open yet · ready · done: redeemed or past */
type Shelf = "later" | "ready" | "done";

/** Where a voucher stands at this instant. */
export function shelfOf(voucher: VoucherView, now_ms: number): Shelf {
  if (voucher.state !== "issued" || now_ms >= voucher.valid_until_at_ms) return "done";
  return now_ms < voucher.valid_from_at_ms ? "later" : "ready";
}

const SHELVES: readonly [Shelf, Key][] = [
  ["ready", "readyNow"],
  ["later", "opensLater"],
  ["done", "done"],
];

/** All vouchers of this viewer, by what can be done with them now. */
export function Wallet(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const { vouchers, rounds } = evening.mine.value;
  const held = Object.values(rounds).reduce((sum, one) => sum + one.entries, 0);
  const now_ms = evening.now_ms.value;
  return (
    <>
      <h1>{w.t("walletTitle")}</h1>
      {vouchers.length === 0 && (
        <div class="mid stack center">
          <p class="emptyBox">
            <Icon name="wallet" />
          </p>
          <h2>{w.t("walletEmpty")}</h2>
          <p class="sub">{w.t("walletEmptySub")}</p>
        </div>
      )}
      {SHELVES.map(([shelf, title]) => {
        const on = vouchers.filter((voucher) => shelfOf(voucher, now_ms) === shelf);
        if (on.length === 0) return null;
        return (
          <section class="stack" key={shelf}>
            <h2 class="plain">{w.t(title)}</h2>
            {on.map((voucher) => (
              <Row voucher={voucher} shelf={shelf} key={voucher.id} />
            ))}
          </section>
        );
      })}
      {held > 0 && (
        <p class="note push">
          <Icon name="wallet" />
          <span>{w.t("entriesHeld", { n: held })}</span>
        </p>
      )}
    </>
  );
}

function Row({ voucher, shelf }: { voucher: VoucherView; shelf: Shelf }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const from = w.moment(voucher.valid_from_at_ms, voucher.zone);
  const to = w.moment(voucher.valid_until_at_ms, voucher.zone);
  const tag: Key = shelf === "later" ? "opensAlone" : shelf === "ready" ? "showCode" : voucher.state === "redeemed" ? "redeemed" : "expired";
  return (
    <a class={shelf === "done" ? "voucher old" : "voucher"} href={`#voucher/${encodeURIComponent(voucher.id)}`} data-voucher={voucher.id}>
      <span class="v num">{w.money(voucher.face_minor, voucher.currency).replace(/\u00a0/g, " ")}</span>
      <span class="d">
        <b>{w.pick(voucher.title)}</b>
        <small>
          {w.t("fromTo", { from, to })} · {voucher.zone}
        </small>
        <span class={`tag ${shelf}`}>
          <Icon name={shelf === "later" ? "lock" : shelf === "ready" ? "tick" : "seal"} />
          {w.t(tag)}
        </span>
      </span>
    </a>
  );
}

/** A voucher as a ticket: how much, from when to when and by whose clock, and its code. */
export function Ticket({ voucher }: { voucher: VoucherView }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <div class="ticket" data-ticket={voucher.id}>
      <div class="a glow center">
        <p class="strong">
          {w.pick(voucher.title)} · {w.t("tier", { n: voucher.tier })}
        </p>
        <p class="figure num">{w.money(voucher.face_minor, voucher.currency)}</p>
        {voucher.rehearsal && <p class="small">{w.t("testMoney")}</p>}
      </div>
      <dl class="b">
        <dt>{w.t("opens")}</dt>
        <dd>{w.moment(voucher.valid_from_at_ms, voucher.zone)}</dd>
        <dt>{w.t("closes")}</dt>
        <dd>{w.moment(voucher.valid_until_at_ms, voucher.zone)}</dd>
        <dt>{w.t("zone")}</dt>
        <dd>{voucher.zone}</dd>
        <dt>{w.t("code")}</dt>
        <dd class="code">{voucher.code}</dd>
      </dl>
    </div>
  );
}

/** One voucher's own page. */
export function VoucherPage({ id }: { id: string }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const voucher = evening.mine.value.vouchers.find((one) => one.id === id);
  if (!voucher) return <Wallet />;
  return (
    <>
      <h1>{w.t("voucher")}</h1>
      <Ticket voucher={voucher} />
      <State is="counted" title={w.t("issuedTitle")}>
        {w.t("issuedSub")}
      </State>
      <div class="push stack hand">
        <a class="btn line" href="#wallet">
          <Icon name="wallet" />
          {w.t("walletTitle")}
        </a>
      </div>
    </>
  );
}
