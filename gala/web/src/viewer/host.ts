import type { TuneReply } from "../protocol.gen.ts";
import { readDelay, type Watching } from "../wire/watching.ts";

/**
 * The host app's hook: who plays the show's picture knows better than anybody how late it is, and says so by
 * `postMessage` (docs/host-app.md).
 *
 * It may also say who is signed in (`gala:join`): a token proves itself, and `identity.ts` asks before it changes
 * for whom a phone plays. Any origin may. A declared delay moves only what this one phone shows: it gives nobody longer to decide, wins
 * nothing, and what a page of another origin could do with it is show somebody their own evening late.
 */
export interface TuneMessage {
  type: "gala:tune";
  delay_ms: number;
  channel?: string;
}

/** The wish in a message, or null where it is not ours or not well said. `channels`: those the show knows. */
export function readTune(said: unknown, channels: readonly string[], present: string): Watching | null {
  if (!isTune(said)) return null;
  const { delay_ms, channel = present } = said as Partial<TuneMessage>;
  const own_ms = typeof delay_ms === "number" ? readDelay(delay_ms) : null;
  const known = channel === present || (typeof channel === "string" && channels.includes(channel));
  return own_ms !== null && known ? { channel, own_ms } : null;
}

/** Whether a message is for this hook, well said or not. */
export const isTune = (said: unknown): boolean =>
  typeof said === "object" && said !== null && (said as Record<string, unknown>).type === "gala:tune";

/** The token in a message of the host's, or null where it is none of those. */
export const readJoin = (said: unknown): string | null => {
  if (typeof said !== "object" || said === null) return null;
  const { type, token } = said as Record<string, unknown>;
  return type === "gala:join" && typeof token === "string" ? token : null;
};

/** Where messages come from and answers go to: the page that frames this one, or the app that shows it. */
export interface Host {
  /** The window of this page. */
  readonly own: Window;
  /** The show's channels once they are known; null before. */
  channels(): readonly string[] | null;
  /** The channel of this moment. */
  channel(): string;
  tune(wish: Watching): Promise<TuneReply | null>;
  /** Takes up a token; resolves to a reason, empty when it was taken. */
  join(token: string): Promise<string>;
}

/**
 * Listens to the host for as long as the page lives. Returns what is to be called once the channels are known: only
 * then the page says that it is ready, and a message that came earlier (the newest) is taken up.
 */
export function hearHost(host: Host): () => void {
  let early: MessageEvent | null = null;
  const answer = (event: MessageEvent, content: Record<string, unknown>, type = "gala:tuned"): void => {
    // an opaque origin (a sandboxed frame, a file) cannot be named; the answer holds nothing secret
    const origin = event.origin === "" || event.origin === "null" ? "*" : event.origin;
    (event.source as Window | null)?.postMessage({ type, ...content }, origin);
  };
  const hear = (event: MessageEvent): void => {
    if (event.source !== host.own && event.source !== host.own.parent) return;
    const token = readJoin(event.data);
    if (token !== null) void host.join(token).then((reason) => answer(event, reason ? { reason } : {}, "gala:joined"));
    if (!isTune(event.data)) return;
    const channels = host.channels();
    if (channels === null) {
      early = event;
      return;
    }
    const wish = readTune(event.data, channels, host.channel());
    if (wish === null) {
      answer(event, { reason: "bad_tune" });
      return;
    }
    void host.tune(wish).then((reply) => {
      if (reply === null) answer(event, { reason: "no_link", delay_ms: wish.own_ms }); // kept, and told at the next link
      else if (reply.reason) answer(event, { reason: reply.reason });
      else answer(event, { cohort: reply.cohort, delay_ms: reply.delay_ms });
    });
  };
  host.own.addEventListener("message", hear);
  return () => {
    host.own.parent.postMessage({ type: "gala:ready" }, "*");
    if (early) hear(early);
    early = null;
  };
}
