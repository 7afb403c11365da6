/** The few words on air, in the languages a picture has been asked for in. Everything else is the show's own text. */
import type { Text } from "../i18n/words.ts";

/** One form, or [of one, of more]. */
type Phrase = string | readonly [string, string];

const en = {
  onAir: "On air",
  secondsToVote: "seconds to vote",
  seconds: "seconds left",
  voteNow: "Vote on your phone",
  voteClosed: "The vote is closed",
  result: "The result",
  allChoices: "{n} choices, on your phone",
  leads: "leads",
  fans: "Top fans",
  fan: "Seat {seat} · {points}",
  times: "Every tap counts ×{factor}, {span}",
  stageUntil: "The stage counts until {time}.",
  stageDone: "The stage has counted. Taps go on for you.",
  hits: "hits so far",
  hitsAll: "hits",
  players: "{n} playing",
  hands: "hold an envelope",
  join: "Join in",
  frozenTitle: "The doors are shut. Nobody can join this draw now.",
  beaconTitle: "In {s} s the world will know a number that nobody in this hall can choose.",
  waitTitle: "The number that nobody can choose is on its way.",
  voidTitle: "This draw is called off.",
  drawnTitle: "The number is here. The winners stand.",
  wonTitle: ["One winner. Check it on your phone.", "{n} winners. Check them on your phone."],
  rosterStep: "Roster frozen",
  entries: ["one entry", "{n} entries"],
  beaconStep: "Beacon number",
  beaconIn: "round {round} in {span}",
  beaconRound: "round {round}",
  winnersStep: "Winners",
  lowest: ["the lowest score", "the {n} lowest scores"],
  each: "{n} × {money}",
  between: "{n}: {least} to {most}",
  midnight: "midnight",
  to: "to {time}, {city}",
  rehearsal: "Rehearsal",
  joinCode: "Code that opens {url}",
} satisfies Record<string, Phrase>;

export type Word = keyof typeof en;

const zh: Record<Word, Phrase> = {
  onAir: "播出画面",
  secondsToVote: "秒后截止",
  seconds: "秒",
  voteNow: "请在手机上投票",
  voteClosed: "投票已截止",
  result: "结果",
  allChoices: "共 {n} 个选项，请看手机",
  leads: "领先",
  fans: "头号粉丝",
  fan: "{seat} 号座位 · {points}",
  times: "每次点击 ×{factor}，还有 {span}",
  stageUntil: "舞台计分到 {time} 为止。",
  stageDone: "舞台计分已结束，之后的点击算你自己的。",
  hits: "次击中",
  hitsAll: "次击中",
  players: "{n} 人在玩",
  hands: "人手里有红包",
  join: "扫码参与",
  frozenTitle: "名单已锁定，现在谁也不能再加入。",
  beaconTitle: "{s} 秒后，全世界会得到一个现场谁也无法选择的数。",
  waitTitle: "那个谁也无法选择的数，马上就到。",
  voidTitle: "本轮抽奖取消。",
  drawnTitle: "数已到，结果已定。",
  wonTitle: "{n} 位中奖者，请在手机上核对。",
  rosterStep: "名单锁定",
  entries: "{n} 份参与",
  beaconStep: "公共随机数",
  beaconIn: "第 {round} 轮，{span} 后",
  beaconRound: "第 {round} 轮",
  winnersStep: "中奖者",
  lowest: "得分最低的 {n} 位",
  each: "{n} × {money}",
  between: "{n} 个：{least} 至 {most}",
  midnight: "零点",
  to: "距{time}，{city}",
  rehearsal: "彩排",
  joinCode: "打开 {url} 的二维码",
};

/** Words, numbers and money of one language; `lang` is a tag, English where we have no other. */
export class AirWords {
  private readonly dictionary: Record<Word, Phrase>;

  constructor(readonly lang: string) {
    this.dictionary = lang.toLowerCase().startsWith("zh") ? zh : en;
  }

  t(word: Word, values: Record<string, string | number> = {}): string {
    const phrase = this.dictionary[word];
    const form = typeof phrase === "string" ? phrase : phrase[values.n === 1 ? 0 : 1];
    return form.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? this.number(value) : value;
    });
  }

  /** The show's text in this language, else in English, else in its first. */
  pick(text: Text | undefined): string {
    if (!text) return "";
    const base = this.lang.split("-")[0] ?? "";
    const near = Object.keys(text).find((tag) => tag.split("-")[0] === base) ?? "";
    return text[this.lang] ?? text[near] ?? text.en ?? Object.values(text)[0] ?? "";
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.lang).format(value);
  }

  /** Points grow long: 1.2M, 12.4K. */
  short(value: number): string {
    return new Intl.NumberFormat(this.lang, { notation: "compact", maximumFractionDigits: 1 }).format(value);
  }

  /** `minor` units of an ISO 4217 currency, without decimals when there are none. */
  money(minor: number, currency: string): string {
    const named = new Intl.NumberFormat(this.lang, { style: "currency", currency });
    const digits = named.resolvedOptions().maximumFractionDigits ?? 2;
    const whole = minor % 10 ** digits === 0;
    const format = new Intl.NumberFormat(this.lang, {
      style: "currency",
      currency,
      minimumFractionDigits: whole ? 0 : digits,
    });
    return format.format(minor / 10 ** digits);
  }

  /** 0:32, 12:05 or 1:04:09. */
  span(seconds: number): string {
    const two = (n: number): string => String(n).padStart(2, "0");
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  }

  /** 21:31:05 in the show's zone. */
  time(at_ms: number, zone: string): string {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium", hourCycle: "h23" }).format(at_ms);
  }

  /** What a clock counts down to: `to midnight, Shanghai`. */
  to(at_ms: number, zone: string): string {
    const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    const time = new Intl.DateTimeFormat("en-GB", options).format(at_ms);
    const named = new Intl.DateTimeFormat(this.lang, { timeZone: zone, timeZoneName: "longGeneric" });
    const zoned = named.formatToParts(at_ms).find((part) => part.type === "timeZoneName")?.value;
    const city = this.dictionary === en ? (zone.split("/").pop() ?? zone).replace(/_/g, " ") : (zoned ?? zone);
    return this.t("to", { time: time === "00:00" ? this.t("midnight") : time, city });
  }
}
