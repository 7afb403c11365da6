import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "./page.ts";

interface Window {
  from_ms: number;
  to_ms: number;
}

/** How long light takes to come on before something begins, ms: as long as a round is told ahead. */
const READY_MS = 1000;

/**
 * Whole seconds left (never below 0) and the light left, 0…100. Before it begins both are what it will begin with, the
 * light on its way up.
 */
function useLeft({ from_ms, to_ms }: Window): { seconds: number; light: number; ready: boolean } {
  const { evening } = usePage();
  const now = evening.now_ms;
  const seconds = useComputed(() => Math.max(0, Math.ceil((to_ms - Math.max(from_ms, now.value)) / 1000)));
  const whole = Math.max(1, to_ms - from_ms);
  const light = useComputed(() => {
    const part = now.value < from_ms ? 1 - (from_ms - now.value) / READY_MS : (to_ms - now.value) / whole;
    return Math.round(Math.min(1, Math.max(0, part)) * 200) / 2;
  });
  const ready = useComputed(() => now.value < from_ms);
  return { seconds: seconds.value, light: light.value, ready: ready.value };
}

interface LintelProps extends Window {
  label: string;
  late?: boolean;
  /** the clock stands still; the label says so */
  still?: boolean;
}

/**
 * The shallow arch over a play: its light drains from both feet to the keystone. A bar where height is short. Before its time it says
 * "get ready", in the same place and size.
 */
export function Lintel({ label, late = false, still = false, ...window }: LintelProps): JSX.Element {
  const { words } = usePage();
  const { seconds, light, ready } = useLeft(window);
  const looks = ready || still ? "lintel ready" : late ? "lintel late" : "lintel";
  return (
    <div class={looks} role="timer" style={{ "--left": still ? 0 : light }}>
      <svg class="sp" viewBox="0 0 358 88" aria-hidden="true">
        <path class="t" d="M7 82A300 300 0 0 1 351 82" pathLength="100" />
        <path class="l" d="M7 82A300 300 0 0 1 351 82" pathLength="100" />
        <circle class="k" cx="179" cy="28" r="7" />
      </svg>
      <div class="bar" aria-hidden="true">
        <i />
      </div>
      <span class="n">
        {still ? <Icon name="pause" /> : seconds < 100 ? words.value.number(seconds) : words.value.span(seconds)}
      </span>
      <span class="lb small sub">
        {/* both keep the place that the longer one needs */}
        <span class={ready ? "unsaid" : ""}>{label}</span>
        <span class={ready ? "" : "unsaid"}>{words.value.t("getReady")}</span>
      </span>
    </div>
  );
}

/** The whole arch: for waiting. `label` says for what. */
export function Arch({ label, ...window }: Window & { label: string }): JSX.Element {
  const { words } = usePage();
  const { seconds, light } = useLeft(window);
  return (
    <div class="arch" role="timer" style={{ "--left": light }}>
      <svg viewBox="0 0 240 190" aria-hidden="true">
        <path class="t" d="M14 184V116a106 106 0 0 1 212 0v68" pathLength="100" />
        <path class="l" d="M14 184V116a106 106 0 0 1 212 0v68" pathLength="100" />
        <circle class="k" cx="120" cy="10" r="8" />
      </svg>
      <div class="in">
        <span class={seconds >= 3600 ? "n long" : "n xl"}>{words.value.span(seconds)}</span>
        <small>{label}</small>
      </div>
    </div>
  );
}
