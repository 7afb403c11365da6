/** A question as a dialog: Enter confirms, Esc cancels, Space does neither; the kill switch stays within reach. */
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Console } from "./console.ts";
import { Icon, type IconName } from "./icons.tsx";
import { keyOf } from "./press.ts";

interface FrameProps {
  console: Console;
  title: string;
  kicker: string;
  icon: IconName;
  children: ComponentChildren;
  /** What Enter does; null while something is missing. A sheet without it only informs. */
  confirm?: (() => void) | null;
  confirmWord?: string;
  kind?: "" | "danger" | "danger kill";
  /** Keys of the sheet's own, typed into a field or not; true when taken. */
  onKey?: (key: string, typing: boolean) => boolean;
  /** Whether it may be confirmed now, where that is not as for other cues. */
  free?: ReadonlySignal<boolean>;
  asideWord?: string;
}

export function Frame({ console: c, title, kicker, icon, children, confirm, confirmWord, kind, onKey, free, asideWord }: FrameProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // A field, or the heading, but not a button: the Space that opened this sheet must not be able to confirm it.
    (dialog.current?.querySelector<HTMLElement>("[autofocus]") ?? heading.current)?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const off = !confirm || !(free ?? c.ready).value;
  function keydown(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing) {
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
    const onButton = event.target instanceof Element && event.target.closest("button") !== null;
    if (onKey?.(event.key, typing)) event.preventDefault();
    else if (!typing && keyOf(event) === "kill") {
      event.preventDefault();
      c.press("kill", event.timeStamp);
    }
    else if (event.key === "Enter" && !onButton) {
      event.preventDefault();
      if (!off) confirm();
    }
  }
  return (
    <dialog
      ref={dialog}
      class={kind ?? ""}
      aria-labelledby="sheet-h"
      onKeyDown={keydown}
      onCancel={(event) => {
        event.preventDefault();
        c.dismiss();
      }}
    >
      <div class="p">
        <p class="row mid kicker">
          <Icon name={icon} />
          {kicker}
        </p>
        <h2 id="sheet-h" tabIndex={-1} ref={heading}>
          {title}
        </h2>
        {children}
      </div>
      <div class="act">
        <button type="button" onClick={() => c.dismiss()}>
          {confirmWord ? "Cancel" : "Close"} <kbd>Esc</kbd>
        </button>
        {asideWord && <span class="dim">{asideWord}</span>}
        {confirmWord && (
          <button
            type="button"
            class={`yes end ${kind ?? ""}`}
            aria-disabled={off}
            onClick={() => !off && confirm()}
          >
            {confirmWord} <kbd>Enter</kbd>
          </button>
        )}
      </div>
    </dialog>
  );
}

export function Point({ icon, children }: { icon: IconName; children: ComponentChildren }) {
  return (
    <li>
      <Icon name={icon} />
      <span>{children}</span>
    </li>
  );
}

interface ReasonProps {
  asks: string;
  value: string;
  write(reason: string): void;
  /** Whether it is the first thing to fill in. */
  first?: boolean;
}

interface TypedProps {
  /** What has to be typed, letter by letter; its case does not matter. */
  word: string;
  value: string;
  write(typed: string): void;
}

/** A word that a person types before what cannot be undone. */
export function Typed({ word, value, write }: TypedProps) {
  return (
    <label class="reason">
      <span>
        Type <b>{word}</b> to confirm
      </span>
      <input
        type="text"
        maxLength={20}
        value={value}
        onInput={(event) => write(event.currentTarget.value)}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
      />
    </label>
  );
}

/** A reason that is logged. */
export function Reason({ asks, value, write, first }: ReasonProps) {
  return (
    <label class="reason">
      <span>{asks}</span>
      <input
        type="text"
        autofocus={first ?? false}
        maxLength={200}
        value={value}
        onInput={(event) => write(event.currentTarget.value)}
        autocomplete="off"
      />
    </label>
  );
}
