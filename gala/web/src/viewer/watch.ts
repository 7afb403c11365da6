import type { ChannelView } from "../protocol.gen.ts";
import type { Evening } from "../wire/evening.ts";

/** How this viewer watches, as far as the page knows by now. */
export interface Watch {
  /** undefined until the show's text is here */
  channel: ChannelView | undefined;
  /** how late the channel is as it comes, ms */
  channel_ms: number;
  /** how late this picture is taken to be, ms */
  delay_ms: number;
  /** whether that is this viewer's own word */
  own: boolean;
}

/** Read inside components. The service's word on the delay goes before the show's text, for a channel may be tuned. */
export function watchOf(evening: Evening): Watch {
  const channels = evening.showText()?.channels ?? [];
  const { channel: id, own_ms } = evening.watching.value;
  const channel = channels.find((one) => one.id === id) ?? channels[0];
  const planned_ms = channel?.delay_ms ?? 0;
  const taken_ms = evening.taken.value?.delay_ms;
  const own = own_ms !== null;
  return { channel, channel_ms: own ? planned_ms : (taken_ms ?? planned_ms), delay_ms: taken_ms ?? own_ms ?? planned_ms, own };
}

/** Tenths of a second, as people say a delay. */
export const tenths = (ms: number): number => Math.round(ms / 100) / 10;
