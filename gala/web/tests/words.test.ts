import { describe, expect, test } from "vitest";
import { en, type Key } from "../src/i18n/en.ts";
import { chooseLang, LANGUAGES, Words, type Lang } from "../src/i18n/words.ts";

const TAGS = Object.keys(LANGUAGES) as Lang[];
const names = (sentence: unknown): string[] => [...new Set(JSON.stringify(sentence).match(/\{\w+\}/g) ?? [])].sort();

describe.each(TAGS)("in %s", (lang) => {
  test("every sentence fills in the same names as the English one", async () => {
    const dictionary = await LANGUAGES[lang].load();
    for (const key of Object.keys(en) as Key[]) {
      // A form for one or two may say the number in words; the general form must not lose it.
      const general = typeof dictionary[key] === "string" ? dictionary[key] : dictionary[key].other;
      const english = typeof en[key] === "string" ? en[key] : en[key].other;
      expect(names(general), key).toEqual(names(english));
    }
  });

  test("money is exact to the minor unit and names XTS, which has no symbol", async () => {
    const words = new Words(lang, await LANGUAGES[lang].load());
    const shown = words.money(2_500_000_001, "XTS").replace(/[\u0660-\u0669]/g, (d) => String(d.charCodeAt(0) - 0x660));
    expect(shown).toContain("XTS");
    expect(shown.replace(/\D/g, "")).toBe("2500000001");
  });

  test("a time names its zone", async () => {
    const words = new Words(lang, await LANGUAGES[lang].load());
    const [there, elsewhere] = [words.time(0, "Asia/Shanghai"), words.time(0, "Europe/Madrid")];
    expect(there).not.toBe(elsewhere);
    expect(there.length).toBeGreaterThan(6);
  });
});

test("one, none and many are told apart", () => {
  const words = new Words("en", en);
  expect([0, 1, 2].map((n) => words.t("entriesHeld", { n }))).toEqual([
    "You hold no entry yet.",
    "You hold 1 entry tonight.",
    "You hold 2 entries tonight.",
  ]);
});

test("the nearest wish is met: the very tag, then its language, then English", () => {
  expect(chooseLang(["zh-TW"])).toBe("zh-CN");
  expect(chooseLang(["fr", "es-MX"])).toBe("es");
  expect(chooseLang(["<script>", "xx", ""])).toBe("en");
});

test("a text without the viewer's language falls back to English, else to what there is", () => {
  const words = new Words("th", en);
  expect(words.pick({ en: "Owl", "zh-CN": "猫头鹰" })).toBe("Owl");
  expect(words.pick({ "zh-CN": "猫头鹰" })).toBe("猫头鹰");
  expect(words.pick({})).toBe("");
});
