import { effect } from "@preact/signals";
import { GAMES } from "../games/index.ts";
import type { Evening } from "../wire/evening.ts";
import type { Manners, Page } from "./page.ts";

/** A short soft tone, Hz; a rising pair says "counted", one tone "something opens". */
const OPENS = [523];
const COUNTED = [523, 784];

/** Sound, off until asked for. */
export function bell(manners: Manners): Page["ring"] {
  let audio: AudioContext | null = null;
  return (tones) => {
    if (!manners.sound.value) return;
    audio ??= new AudioContext();
    const start = audio.currentTime;
    tones.forEach((tone, place) => {
      if (audio === null) return;
      const source = new OscillatorNode(audio, { type: "sine", frequency: tone });
      const gain = new GainNode(audio, { gain: 0 });
      const at = start + place * 0.12;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.14, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.35);
      source.connect(gain).connect(audio.destination);
      source.start(at);
      source.stop(at + 0.4);
    });
  };
}

/** A chime when a round opens, and when a play is counted; a game of many small plays rings for itself. */
export function chimeAlong(evening: Evening, ring: Page["ring"]): void {
  let opened = "";
  let counted = "";
  effect(() => {
    const round = evening.round.value;
    const now = round?.state === "open" && evening.now_ms.value >= round.opens_at_ms ? round.id : "";
    if (now && now !== opened) ring(OPENS);
    opened = now;
  });
  effect(() => {
    const round = evening.show.value?.round;
    const play = evening.plays.value[round?.id ?? ""];
    const now = play?.status === "counted" ? `${play.round}/${play.seq}` : "";
    if (now && now !== counted && !GAMES[round?.game ?? ""]?.rapid) ring(COUNTED);
    counted = now;
  });
}
