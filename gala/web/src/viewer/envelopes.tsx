import type { JSX } from "preact";
import { useComputed } from "@preact/signals";
import { waitingOf, type Waiting } from "../games/envelope.ts";
import type { Words } from "../i18n/words.ts";
import type { EnvelopeView } from "../protocol.gen.ts";
import type { Evening } from "../wire/evening.ts";
import { usePage } from "./page.ts";
import { watchOf } from "./watch.ts";

/** Above whatever is on: the envelope one has caught, how long it stays sealed, and what was in it. */
export function Envelopes(): JSX.Element {
  const { evening } = usePage();
  return (
    <>
      {evening.show.value?.envelopes.map((view) => (
        <Strip key={view.round} view={view} />
      ))}
    </>
  );
}

/** Where this viewer's envelope of that rain is now; null: they have none there. Read inside components. */
function waiting(view: EnvelopeView, evening: Evening): Waiting | null {
  if (evening.show.value?.quiet) return null;
  const { delay_ms } = watchOf(evening);
  return waitingOf(view, evening.plays.value[view.round], evening.mine.value, delay_ms, evening.now_ms.value);
}

/** The clock moves ten times a second, and these words once: what is computed is compared as text. */
function Strip({ view }: { view: EnvelopeView }): JSX.Element | null {
  const { evening, words } = usePage();
  const is = useComputed(() => waiting(view, evening)?.is ?? "").value;
  const amount = useComputed(() => amountOf(waiting(view, evening))).value;
  const title = useComputed(() => titleOf(waiting(view, evening), words.value)).value;
  const sub = useComputed(() => subOf(waiting(view, evening), evening.now_ms.value, words.value)).value;
  if (is === "") return null;
  const told = (
    <>
      <i class={is === "opened" || is === "empty" ? `mini ${is}` : "mini"} aria-hidden="true" />
      <b class="num" data-amount={amount}>
        {title}
      </b>
      <span class="num">{sub}</span>
    </>
  );
  if (is === "opened")
    return (
      <a class="caught opened" href="#wallet" data-envelope={is}>
        {told}
      </a>
    );
  return (
    <section class="caught" aria-label={words.value.t("envelopeMine")} data-envelope={is}>
      {told}
    </section>
  );
}

const amountOf = (found: Waiting | null): number | undefined => (found?.is === "opened" ? found.voucher.face_minor : undefined);

function titleOf(found: Waiting | null, w: Words): string {
  if (found?.is === "opened") return `${w.t("yours")}: ${w.money(found.voucher.face_minor, found.voucher.currency)}`;
  return w.t(found?.is === "empty" ? "noneLeft" : "envelopeKept");
}

function subOf(found: Waiting | null, now_ms: number, w: Words): string {
  switch (found?.is) {
    case "opened":
      return w.t("openWallet");
    case "empty":
      return w.t("noneLeftFair");
    case "late":
      return w.t("sealedLate");
    case "opening":
      return w.t("openingNow");
    default: {
      const opens_at_ms = found?.opens_at_ms ?? 0;
      if (opens_at_ms === 0) return w.t("opensSoon");
      const left_s = Math.max(0, Math.ceil((opens_at_ms - now_ms) / 1000));
      return w.t("opensIn", { time: left_s < 100 ? w.t("seconds", { s: left_s }) : w.span(left_s) });
    }
  }
}

/** What was in an envelope that opened while something else is on, for whoever does not see it. */
export function sayEnvelope(evening: Evening, w: Words): string {
  const found = (evening.show.value?.envelopes ?? []).map((view) => waiting(view, evening));
  const opened = found.find((one) => one?.is === "opened" || one?.is === "empty");
  return opened ? `${w.t("envelopeMine")}: ${titleOf(opened, w)}` : "";
}
