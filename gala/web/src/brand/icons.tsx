import type { JSX } from "preact";

/** Line icons on a 24 grid, 2 px, round ends. None stands without a word beside it, except sound. */
const LINES = {
  stage: "M4 21V12a8 8 0 0 1 16 0v9M8.5 21L12 9l3.5 12M12 2.5v2",
  wallet: "M3 7h18v3.2a2 2 0 0 0 0 3.6V17H3v-3.2a2 2 0 0 0 0-3.6zM14.5 7v2m0 2v2m0 2v2",
  you: "M16 8a4 4 0 1 1-8 0a4 4 0 1 1 8 0M4 21c0-4.5 3.5-7 8-7s8 2.5 8 7",
  link: "M10 14a4.6 4.6 0 0 0 6.5.3l3-3A4.6 4.6 0 0 0 13 4.8l-1 1M14 10a4.6 4.6 0 0 0-6.5-.3l-3 3A4.6 4.6 0 0 0 11 19.2l1-1",
  nolink: "M9 7l1.5-1.5a4.6 4.6 0 0 1 7 6.2M15 17l-1.5 1.5a4.6 4.6 0 0 1-7-6.2M3 3l18 18",
  mute: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5m0-5l-5 5",
  sound: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9a4.2 4.2 0 0 1 0 6M18.8 6.5a8 8 0 0 1 0 11",
  info: "M21 12a9 9 0 1 1-18 0a9 9 0 1 1 18 0M12 11v5M12 7.6v.1",
  clock: "M21 12a9 9 0 1 1-18 0a9 9 0 1 1 18 0M12 7v5l3.5 2",
  waiting: "M12 3a9 9 0 1 1-8.5 6M12 7.5V12l3 2",
  seal: "M12 2.5l2.4 2 3.1-.3.8 3 2.7 1.6-1.1 2.9 1.1 2.9-2.7 1.6-.8 3-3.1-.3-2.4 2-2.4-2-3.1.3-.8-3L3 14.6l1.1-2.9L3 8.8l2.7-1.6.8-3 3.1.3zM8 12l3 3 5-6",
  barred: "M8 2.8h8l5.2 5.2v8L16 21.2H8L2.8 16V8zM7.5 12h9",
  box: "M4 9h16v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM2.5 5h19v4h-19zM12 11.5v6m-2.6-2.6L12 17.5l2.6-2.6",
  lock: "M7 10.5h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2zM8 10.5V7.5a4 4 0 0 1 8 0v3",
  tick: "M4 12.5l5.5 5.5L20 7",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6zM8.5 12l2.5 2.5 4.5-5",
  globe: "M21 12a9 9 0 1 1-18 0a9 9 0 1 1 18 0M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  pause: "M9 5v14M15 5v14",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  out: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  calm: "M3 9c3-3 6-3 9 0s6 3 9 0M3 15c3-3 6-3 9 0s6 3 9 0",
  hand: "M8 12V6.5a1.7 1.7 0 0 1 3.4 0V11V4.7a1.7 1.7 0 0 1 3.4 0V11 6.5a1.6 1.6 0 0 1 3.2 0V15c0 4-2.5 6.5-6 6.5-3 0-4.3-1.5-6-4.5l-2-3.6c-.9-1.7 1.3-2.9 2.4-1.4z",
  bolt: "M13 2L5 14h6l-1 8 8-12h-6z",
  practice: "M4 20l4-1L19 8l-3-3L5 16zM14 7l3 3",
} as const;

export type IconName = keyof typeof LINES;

export function Icon({ name, turning = false }: { name: IconName; turning?: boolean }): JSX.Element {
  return (
    <svg class={turning ? "i spin" : "i"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={LINES[name]} stroke-dasharray={name === "waiting" ? "3.2 3.4" : undefined} />
    </svg>
  );
}
