import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Lang, Words } from "../i18n/words.ts";
import type { Mine } from "../protocol.gen.ts";
import type { Evening } from "../wire/evening.ts";
import type { ClapMemory } from "./clap.ts";
import type { Identity } from "./identity.ts";
import type { Report } from "./report.ts";

/** What a viewer sets for this phone; kept on it. */
export interface Manners {
  readonly lang: Signal<Lang>;
  readonly hand: Signal<"left" | "right">;
  readonly sound: Signal<boolean>;
  readonly calm: Signal<boolean>;
  /** one big button in place of many small ones, where a game has both */
  readonly button: Signal<boolean>;
  readonly vibration: Signal<boolean>;
}

/** Everything a screen is given. */
export interface Page {
  readonly evening: Evening;
  readonly words: ReadonlySignal<Words>;
  readonly manners: Manners;
  /** what this phone knows of the newest clap; kept on it */
  readonly clap: Signal<ClapMemory>;
  /** what stands behind # in the address: stage, wallet, voucher/ID, you, rules, practice, check */
  readonly place: ReadonlySignal<string>;
  /** who this phone plays for, and what is to be asked about it */
  readonly identity: Pick<Identity, "state" | "decide">;
  /** A tone for each frequency, Hz, one after the other; silent unless this phone's sound is on. */
  ring(tones: readonly number[]): void;
  /** Fetches and verifies every proof of this viewer; rejects where the network does not answer. */
  prove(mine: Mine): Promise<Report>;
  /** local time of `Link.next_at_ms` and the like, ms */
  local_ms(): number;
}

export const PageContext = createContext<Page | null>(null);

/** The page's things, inside its components. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error("outside of the page");
  return page;
}
