import { en, type Dictionary, type Key } from "./en.ts";

/** A text as the service sends it: language tag to words. */
export type Text = Record<string, string>;

/** The languages of the page itself. A show's own texts may have fewer: then its first one stands in. */
export const LANGUAGES = {
  en: { name: "English", load: async (): Promise<Dictionary> => en },
  "zh-CN": { name: "简体中文", load: async (): Promise<Dictionary> => (await import("./zh_cn.ts")).zh_cn },
  ar: { name: "العربية", load: async (): Promise<Dictionary> => (await import("./ar.ts")).ar },
  es: { name: "Español", load: async (): Promise<Dictionary> => (await import("./es.ts")).es },
  th: { name: "ไทย", load: async (): Promise<Dictionary> => (await import("./th.ts")).th },
  sw: { name: "Kiswahili", load: async (): Promise<Dictionary> => (await import("./sw.ts")).sw },
} as const;

export type Lang = keyof typeof LANGUAGES;

/** The page's language for these wishes, most wanted first; English when it has none of them. */
export function chooseLang(wishes: readonly string[]): Lang {
  const tags = Object.keys(LANGUAGES) as Lang[];
  for (const wish of wishes.filter(Boolean)) {
    const base = wish.toLowerCase().split("-")[0];
    const found = tags.find((tag) => tag === wish) ?? tags.find((tag) => tag.split("-")[0] === base);
    if (found) return found;
  }
  return "en";
}

/** Words, numbers, money and times of one language. */
export class Words {
  readonly dir: "ltr" | "rtl";
  private readonly plural: Intl.PluralRules;
  private readonly locale: string;

  constructor(
    readonly lang: Lang,
    private readonly dictionary: Dictionary,
  ) {
    this.dir = lang === "ar" ? "rtl" : "ltr";
    this.locale = lang === "ar" ? "ar-u-nu-arab" : lang;
    this.plural = new Intl.PluralRules(lang);
  }

  /** The sentence of that key, its {names} filled in; numbers are written as this language writes them. */
  t(key: Key, values: Record<string, string | number> = {}): string {
    const sentence = this.dictionary[key];
    const form = typeof sentence === "string" ? sentence : this.form(sentence, Number(values.n));
    return form.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? this.number(value) : this.apart(value);
    });
  }

  /** The service's text in this language, else in the nearest one it has. */
  pick(text: Text): string {
    const base = this.lang.split("-")[0] ?? "";
    const near = Object.keys(text).find((tag) => tag.split("-")[0] === base);
    const own = text[this.lang] ?? (near === undefined ? undefined : text[near]);
    return own ?? this.apart(text.en ?? Object.values(text)[0] ?? "");
  }

  /** In a right-to-left page, words that may run the other way keep their own direction (FSI … PDI). */
  private apart(words: string): string {
    return this.dir === "rtl" && words ? `\u2068${words}\u2069` : words;
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  /** `part` of `whole` in per cent with one decimal; of nothing: 0. */
  percent(part: number, whole: number): string {
    const options = { style: "percent", maximumFractionDigits: 1 } as const;
    return new Intl.NumberFormat(this.locale, options).format(whole > 0 ? part / whole : 0);
  }

  /** `minor` units of an ISO 4217 currency; XTS, which has no symbol, stands as its code. */
  money(minor: number, currency: string): string {
    const format = new Intl.NumberFormat(this.locale, { style: "currency", currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    const padded = String(minor).padStart(digits + 1, "0");
    const cut = padded.length - digits;
    // As text, so that no rounding ever comes between the fen and the eye.
    const exact = digits > 0 ? `${padded.slice(0, cut)}.${padded.slice(cut)}` : padded;
    return format.format(exact as Intl.StringNumericLiteral);
  }

  /** Time of day with its zone: a person acts on it, so it says whose clock it is. */
  time(at_ms: number, zone: string, seconds = false): string {
    const options: Intl.DateTimeFormatOptions = {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    };
    if (seconds) options.second = "2-digit";
    // Apart from each other: with a zone some languages spell hours and minutes out.
    const named = new Intl.DateTimeFormat(this.locale, { timeZone: zone, timeZoneName: "shortGeneric" });
    const name = named.formatToParts(at_ms).find((part) => part.type === "timeZoneName")?.value ?? zone;
    return `${new Intl.DateTimeFormat(this.locale, options).format(at_ms)} ${name}`;
  }

  /** Day and time of day, without the zone: print that beside it. */
  moment(at_ms: number, zone: string): string {
    const options: Intl.DateTimeFormatOptions = {
      timeZone: zone,
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    };
    return new Intl.DateTimeFormat(this.locale, options).format(at_ms);
  }

  /** 2:14 or 1:42:10, of whole seconds. */
  span(seconds: number): string {
    const pad = new Intl.NumberFormat(this.locale, { minimumIntegerDigits: 2 });
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h > 0 ? `${this.number(h)}:${pad.format(m)}:${pad.format(s)}` : `${this.number(m)}:${pad.format(s)}`;
  }

  private form(forms: { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>, n: number): string {
    // "zero" serves every language: no entry is a sentence of its own, not the number 0 in another one.
    if (n === 0 && forms.zero !== undefined) return forms.zero;
    return forms[this.plural.select(n)] ?? forms.other;
  }
}
