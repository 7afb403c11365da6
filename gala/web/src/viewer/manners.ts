import { effect, signal } from "@preact/signals";
import { chooseLang, type Lang } from "../i18n/words.ts";
import type { Drawer } from "../wire/drawer.ts";
import type { Manners } from "./page.ts";

/** This phone's settings, read from its drawer and written back on every change. `wishes`: languages, best first. */
export function keptManners(drawer: Drawer, wishes: readonly string[]): Manners {
  const manners: Manners = {
    lang: signal<Lang>(chooseLang(wishes)),
    hand: signal(drawer.get("hand") === "left" ? "left" : "right"),
    sound: signal(drawer.get("sound") === "on"),
    calm: signal(drawer.get("calm") === "on"),
    button: signal(drawer.get("button") === "on"),
    vibration: signal(drawer.get("vibration") === "on"),
  };
  const keep = (name: string, read: () => string): void => {
    let first = true;
    effect(() => {
      const value = read();
      if (!first) drawer.set(name, value);
      first = false;
    });
  };
  keep("hand", () => manners.hand.value);
  keep("sound", () => (manners.sound.value ? "on" : "off"));
  keep("calm", () => (manners.calm.value ? "on" : "off"));
  keep("button", () => (manners.button.value ? "on" : "off"));
  keep("vibration", () => (manners.vibration.value ? "on" : "off"));
  return manners;
}
