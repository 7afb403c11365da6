import type { JSX } from "preact";

/** The mark: an arch, its keystone and a beam. It stands before whatever name the show has. */
export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 30 32" aria-hidden="true">
      <path d="M15 8L23 30.5H7z" fill="#f7e463" opacity=".26" />
      <path d="M3 30.5V16a12 12 0 0 1 24 0v14.5" fill="none" stroke="#f7e463" stroke-width="3" stroke-linecap="round" />
      <circle cx="15" cy="4.2" r="4" fill="#f7e463" />
    </svg>
  );
}
