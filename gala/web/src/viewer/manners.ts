import { effect, signal, type Signal } from "@preact/signals";
import { chooseLang, type Lang } from "../i18n/words.ts";
import type { Drawer } from "../wire/drawer.ts";
import type { ClapMemory } from "./clap.ts";
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

/** What this phone knows of the newest clap, through a reload too. */
export function keptClap(drawer: Drawer): Signal<ClapMemory> {
  const [asked_at, tap, done] = drawer.get("clap").split("|");
  const kept = signal<ClapMemory>({
    asked_at_ms: Number(asked_at) || 0,
    tap_ms: Number(tap) || 0,
    done: done === "used" || done === "dismissed" ? done : "",
  });
  effect(() => {
    const { asked_at_ms, tap_ms, done: is } = kept.value;
    if (asked_at_ms > 0) drawer.set("clap", `${asked_at_ms}|${tap_ms}|${is}`);
  });
  return kept;
}
