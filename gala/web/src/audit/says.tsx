/** How a verdict looks: icon, word, then colour. */
import type { ComponentChildren, JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import type { Verdict } from "./arcade.ts";

export const ICONS = { pass: "tick", fail: "barred", stands: "seal", waits: "waiting" } as const;

export function Says({ verdict: found, children }: { verdict: Verdict; children: ComponentChildren }): JSX.Element {
  return (
    <span class={`says ${found}`}>
      <Icon name={ICONS[found]} /> {children}
    </span>
  );
}
