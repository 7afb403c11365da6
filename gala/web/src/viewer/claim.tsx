import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import type { VoucherView } from "../protocol.gen.ts";
import { usePage } from "./page.ts";
import { reasonIn, State } from "./state.tsx";

/** Whether its viewer has to say that they want it, by a date that has not come. */
export function isClaimable(voucher: VoucherView, now_ms: number): boolean {
  return voucher.state === "issued" && now_ms < voucher.claim_until_at_ms;
}

/** Whether its date went by unclaimed: the next `mine` will say what became of it. */
export function isTooLate(voucher: VoucherView, now_ms: number): boolean {
  return voucher.state === "issued" && voucher.claim_until_at_ms > 0 && now_ms >= voucher.claim_until_at_ms;
}

/** How a voucher stands, in a sentence; and the button, while it must be claimed. */
export function VoucherState({ voucher }: { voucher: VoucherView }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const now_ms = evening.now_ms.value;
  if (isClaimable(voucher, now_ms)) return <Claim voucher={voucher} />;
  if (isTooLate(voucher, now_ms)) {
    return (
      <State is="late" title={w.t("overTitle")}>
        {w.t("claimLate")}
      </State>
    );
  }
  switch (voucher.state) {
    case "issued":
      return now_ms < voucher.valid_until_at_ms ? (
        <State is="counted" title={w.t("issuedTitle")}>
          {w.t("issuedSub")}
        </State>
      ) : (
        <State is="late" title={w.t("overTitle")}>
          {w.t("expired")}
        </State>
      );
    case "claimed":
      return (
        <State is="counted" title={w.t("claimedTitle")}>
          {w.t("claimedSub")}
        </State>
      );
    case "redeemed":
      return (
        <State is="counted" title={w.t("redeemedTitle")}>
          {w.t("redeemedSub")}
        </State>
      );
    default:
      return (
        <State is="late" title={w.t("overTitle")}>
          {w.t(voucher.state === "passed" ? "passedOn" : voucher.state === "returned" ? "wentBack" : "expired")}
        </State>
      );
  }
}

function Claim({ voucher }: { voucher: VoucherView }): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const claim = async (): Promise<void> => {
    setAsking(true);
    setProblem("");
    const reply = await evening.claim(voucher.id);
    setAsking(false);
    // claimed: the voucher itself says so, and this button is gone
    if (reply === null || reply.status === "retry") setProblem(w.t("claimAgain"));
    else if (reply.status === "refused") {
      setProblem(reply.reason === "expired" ? w.t("claimLate") : reasonIn(w, reply.reason));
    }
  };
  const time = `${w.moment(voucher.claim_until_at_ms, voucher.zone)} · ${voucher.zone}`;
  return (
    <>
      <State is="kept" title={w.t("claimTitle", { time })}>
        {w.t("claimSub")}
      </State>
      {problem && (
        <div role="alert">
          <State is="refused" title={problem} />
        </div>
      )}
      <button type="button" class="btn go" data-claim={voucher.id} disabled={asking} onClick={() => void claim()}>
        <Icon name={asking ? "waiting" : "hand"} turning={asking} />
        {w.t(asking ? "claiming" : "claimIt")}
      </button>
    </>
  );
}
