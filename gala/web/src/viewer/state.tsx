import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "../brand/icons.tsx";
import { REASONS, type Reason } from "../protocol.gen.ts";
import { staysHere, type LocalPlay } from "../wire/plays.ts";
import type { Key } from "../i18n/en.ts";
import type { Words } from "../i18n/words.ts";

const ICONS = {
  pending: "waiting",
  counted: "seal",
  refused: "barred",
  kept: "box",
  late: "clock",
  offline: "nolink",
} as const satisfies Record<string, IconName>;

export type StateName = keyof typeof ICONS;

/** What became of something: icon, word and edge say it before colour does. */
export function State({ is, title, children }: { is: StateName; title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class={`state ${is}`} data-state={is}>
      <Icon name={ICONS[is]} turning={is === "pending"} />
      <span>
        <b>{title}</b>
        {children}
      </span>
    </div>
  );
}

/** Further words for what the service may say at the door; the published refusals of plays come first. */
const DOOR = ["retry", "busy_network"] as const;

/** Typed by the words there are: a new reason without its words does not compile. */
const KNOWN: readonly (Reason | (typeof DOOR)[number])[] = [...REASONS, ...DOOR];

/** A refusal in words a viewer can read; one this page does not know is shown as it came. */
export function reasonIn(words: Words, reason: string): string {
  const key: Key | undefined = KNOWN.find((one) => one === reason);
  return key ? words.t(key) : words.t("otherReason", { reason });
}

/** What became of a play, as one sentence for eye and ear. Null once it is counted: the receipt says that. */
export function playState(words: Words, play: LocalPlay, zone: string): { is: StateName; title: string; sub: string } {
  const { label } = play;
  switch (play.status) {
    case "sending":
      return { is: "pending", title: words.t("sending", { label }), sub: words.t("sendingSub") };
    case "kept": {
      const time = words.time(play.made_at_ms, zone, true);
      if (staysHere(play)) return { is: "kept", title: words.t("kept", { label }), sub: words.t("keptAsked") };
      return { is: "kept", title: words.t("kept", { label }), sub: words.t("keptSub", { time }) };
    }
    case "refused":
      return { is: "refused", title: words.t("refused", { label }), sub: reasonIn(words, play.reason) };
    case "already":
      return { is: "counted", title: words.t("already", { label }), sub: words.t("alreadySub") };
    case "counted":
      return { is: "counted", title: words.t("countedLabel", { label }), sub: "" };
  }
}
