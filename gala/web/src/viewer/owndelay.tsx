import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { NUDGE_MS_MAX } from "./clap.ts";
import { usePage } from "./page.ts";
import { tenths, watchOf } from "./watch.ts";

/** One press moves this phone by so much, which is as fine as cohorts are. */
const NUDGE_MS = 500;

/** How late this picture is taken to be, and by whose word; half a second more or less, or as the channel has it. */
export function OwnDelay(): JSX.Element | null {
  const { evening, words } = usePage();
  const w = words.value;
  const { channel, channel_ms, delay_ms, own } = watchOf(evening);
  if (channel === undefined) return null;
  const name = w.pick(channel.name);
  const least_ms = Math.max(0, channel_ms - NUDGE_MS_MAX);
  const most_ms = channel_ms + NUDGE_MS_MAX;
  const nudge = (by_ms: number): void => {
    const own_ms = Math.min(most_ms, Math.max(least_ms, delay_ms + by_ms));
    void evening.tune({ channel: evening.watching.peek().channel, own_ms });
  };
  return (
    <section class="card stack" data-delay={delay_ms} data-own={own}>
      <div class="row">
        <p class="grow" id="delay-of">
          <b>{w.t("ownTitle")}</b>
          <small class="sub">
            {own ? w.t("ownSub", { channel: name, s: tenths(channel_ms) }) : w.t("ownAsChannel", { channel: name })}
          </small>
        </p>
        <p class="delay num" role="status">
          <b>{w.t("seconds", { s: tenths(delay_ms) })}</b>
          <small>{w.t("behindShort")}</small>
        </p>
      </div>
      <div class="row nudges" role="group" aria-labelledby="delay-of">
        <button type="button" class="btn line" data-act="earlier" disabled={delay_ms <= least_ms} onClick={() => nudge(-NUDGE_MS)}>
          {w.t("nudgeEarlier", { s: NUDGE_MS / 1000 })}
        </button>
        <button type="button" class="btn line" data-act="later" disabled={delay_ms >= most_ms} onClick={() => nudge(NUDGE_MS)}>
          {w.t("nudgeLater", { s: NUDGE_MS / 1000 })}
        </button>
      </div>
      <p class="note">
        <Icon name="hand" />
        <span>{w.t("nudgeNote")}</span>
      </p>
      {own && (
        <button
          type="button"
          class="btn quiet"
          data-act="as-channel"
          onClick={() => void evening.tune({ channel: evening.watching.peek().channel, own_ms: null })}
        >
          {w.t("asChannel", { channel: name })}
        </button>
      )}
    </section>
  );
}
