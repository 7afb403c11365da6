import { useRef } from "preact/hooks";

/** What makes a button count when a finger comes down on it. */
export interface Press {
  onPointerDown(): void;
  onClick(event: { detail: number }): void;
}

/**
 * A finger counts when it comes down, not when it leaves. Keys and screen readers press without one: theirs come as
 * clicks, which are taken when no finger came before them.
 */
export function usePress(tap: () => void): Press {
  const down = useRef(false);
  return {
    onPointerDown: () => {
      down.current = true;
      tap();
    },
    onClick: (event) => {
      if (event.detail === 0 || !down.current) tap();
      down.current = false;
    },
  };
}
