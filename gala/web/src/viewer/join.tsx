import type { JSX } from "preact";
import { Icon, type IconName } from "../brand/icons.tsx";
import { usePage } from "./page.ts";
import { reasonIn, State } from "./state.tsx";
import { tenths, watchOf } from "./watch.ts";

/** Ways of watching, from the hall outward: an icon for each place in the list. */
const CHANNEL_ICONS: readonly IconName[] = ["stage", "link", "globe"];

/** The channels to choose from, as radio buttons. Before anything was chosen the first one is. */
export function Channels(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const channels = evening.showText()?.channels ?? [];
  const { channel: chosen, channel_ms } = watchOf(evening);
  return (
    <fieldset class="stack">
      <legend class="eyebrow">{w.t("watching")}</legend>
      {channels.map((channel) => {
        const delay_ms = channel === chosen ? channel_ms : channel.delay_ms;
        return (
          <label class="opt" key={channel.id}>
            <input
              type="radio"
              name="channel"
              value={channel.id}
              checked={channel === chosen}
              onChange={() => void evening.tune({ channel: channel.id, own_ms: null })}
            />
            <Icon name={CHANNEL_ICONS[delay_ms === 0 ? 0 : delay_ms < 40_000 ? 1 : 2] ?? "link"} />
            <b>{w.pick(channel.name)}</b>
            <span class="num">
              {delay_ms === 0 ? w.t("live") : w.t("later", { s: tenths(delay_ms) })}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

/** In an evening whose vouchers are for accounts: whether this viewer has one. */
export function AccountNote(): JSX.Element | null {
  const { evening, words } = usePage();
  const w = words.value;
  if (!evening.showText()?.accounts) return null;
  if (evening.mine.value.account) {
    return (
      <p class="note" data-account="verified">
        <Icon name="tick" />
        <span>{w.t("accountVerified")}</span>
      </p>
    );
  }
  return (
    <p class="note" data-account="missing">
      <Icon name="info" />
      <span>
        <b>{w.t("accountMissing")}</b> {w.t("accountMissingSub")}
      </span>
    </p>
  );
}

/** The way in: how one watches, and one light button. */
export function Join(): JSX.Element {
  const { evening, words, local_ms } = usePage();
  const w = words.value;
  const text = evening.showText();
  const seat = evening.seat.value;
  const before = evening.show.value?.phase === "before";
  const shut = evening.link.value.state !== "up";
  void evening.now_ms.value; // the seconds to the next try
  const wait = Math.max(0, Math.ceil((seat.next_at_ms - local_ms()) / 1000));
  return (
    <>
      <h1>{w.t("joinTitle")}</h1>
      {before && text && (
        <p class="eyebrow">
          <Icon name="clock" />
          {w.t("startsAt", { time: w.time(text.starts_at_ms, text.zone) })}
        </p>
      )}
      <Channels />
      <p class="note short-hide">
        <Icon name="info" />
        <span>{w.t("channelNote")}</span>
      </p>
      {seat.reason && (
        <State is="late" title={reasonIn(w, seat.reason)}>
          {seat.next_at_ms > 0 && w.t("tryingIn", { s: wait })}
        </State>
      )}
      <AccountNote />
      <div class="above push hand">
        <button type="button" class="btn go" data-act="enter" disabled={shut || seat.asking} onClick={() => evening.enter()}>
          {w.t(seat.asking ? "takingSeat" : "takeSeat")}
        </button>
      </div>
      <p class="tiny center">
        {text?.accounts ? "" : w.t("noAccount")}{" "}
        <a href="#rules" class="inline">
          {w.t("rulesLink")}
        </a>
      </p>
    </>
  );
}
