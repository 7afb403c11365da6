import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon, type IconName } from "../brand/icons.tsx";
import type { VoucherView } from "../protocol.gen.ts";
import type { Key } from "../i18n/en.ts";
import type { Words } from "../i18n/words.ts";
import { isClaimable, isTooLate, VoucherState } from "./claim.tsx";
import { usePage } from "./page.ts";

/** claim: it is to be claimed first · later: its window is not open yet · ready · done: redeemed, past or gone */
type Shelf = "claim" | "later" | "ready" | "done";

/** Where a voucher stands at this instant. */
export function shelfOf(voucher: VoucherView, now_ms: number): Shelf {
  const held = voucher.state === "issued" || voucher.state === "claimed";
  if (!held || now_ms >= voucher.valid_until_at_ms || isTooLate(voucher, now_ms)) return "done";
  if (isClaimable(voucher, now_ms)) return "claim";
  return now_ms < voucher.valid_from_at_ms ? "later" : "ready";
}

const SHELVES: readonly [Shelf, Key][] = [
  ["claim", "claimFirst"],
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
  useEffect(() => evening.look(), []);
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

const ICONS: Record<Shelf, IconName> = { claim: "hand", later: "lock", ready: "tick", done: "clock" };

/** How it stands, in a few words. */
function tagOf(w: Words, voucher: VoucherView, shelf: Shelf): string {
  if (shelf === "claim") return w.t("claimBy", { time: w.moment(voucher.claim_until_at_ms, voucher.zone) });
  if (shelf === "later") return w.t("opensAlone");
  if (shelf === "ready") return w.t("showCode");
  const said: Partial<Record<VoucherView["state"], Key>> = { redeemed: "redeemed", passed: "passedOn", returned: "wentBack" };
  return w.t(said[voucher.state] ?? "expired");
}

function Row({ voucher, shelf }: { voucher: VoucherView; shelf: Shelf }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const from = w.moment(voucher.valid_from_at_ms, voucher.zone);
  const to = w.moment(voucher.valid_until_at_ms, voucher.zone);
  return (
    <a class={shelf === "done" ? "voucher old" : "voucher"} href={`#voucher/${encodeURIComponent(voucher.id)}`} data-voucher={voucher.id}>
      <span class="v num">{w.money(voucher.face_minor, voucher.currency).replace(/\u00a0/g, " ")}</span>
      <span class="d">
        <b>{w.pick(voucher.title)}</b>
        <small>
          {w.t("fromTo", { from, to })} · {voucher.zone}
        </small>
        <span class={`tag ${shelf}`}>
          <Icon name={voucher.state === "redeemed" ? "seal" : ICONS[shelf]} />
          {tagOf(w, voucher, shelf)}
        </span>
      </span>
    </a>
  );
}

/** A voucher as a ticket: how much, from when to when and by whose clock, and its code. */
export function Ticket({ voucher }: { voucher: VoucherView }): JSX.Element {
  const { evening, words } = usePage();
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
        {shelfOf(voucher, evening.now_ms.value) !== "done" && (
          <>
            <dt>{w.t("code")}</dt>
            <dd class="code">{voucher.code}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** One voucher's own page. */
export function VoucherPage({ id }: { id: string }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const voucher = evening.mine.value.vouchers.find((one) => one.id === id);
  useEffect(() => evening.look(), []);
  if (!voucher) return <Wallet />;
  return (
    <>
      <h1>{w.t("voucher")}</h1>
      <Ticket voucher={voucher} />
      <VoucherState voucher={voucher} />
      <div class="push stack hand">
        <a class="btn line" href="#wallet">
          <Icon name="wallet" />
          {w.t("walletTitle")}
        </a>
      </div>
    </>
  );
}
