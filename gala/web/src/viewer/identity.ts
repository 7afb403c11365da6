/**
 * Who this phone plays for: a viewer of its own, or an account of the host app, which tells it by a token.
 *
 * A token comes in the address (`#token=…`) or by a message (docs/host-app.md), from whom we cannot know. So it is
 * taken up without a word only where nothing is lost by it: a phone that has a number asks its viewer first.
 */
import { signal, type Signal } from "@preact/signals";
import type { Drawer } from "../wire/drawer.ts";

/** asks: whether to play for another identity from now on · refused: the token was not taken */
export type IdentityState = "" | "asks" | "refused";

/** What became of a token: `reason` why not. */
export interface Joined {
  pass?: string;
  reason?: string;
}

const AGAIN_MS = [1000, 3000, 9000] as const;

/** What a pass says of its holder; of a text that is none, that there is nobody. */
export function holder(pass: string): { account: string; number: number } {
  try {
    const middle = (pass.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { acc = "", num = -1 } = JSON.parse(atob(middle)) as { acc?: string; num?: number };
    return { account: acc, number: num };
  } catch {
    return { account: "", number: -1 };
  }
}

/** The token in the address, which is taken out of it at once: it is not for the history, nor for a screenshot. */
export function takeToken(place: Location, past: History): string {
  const found = /^#token=(.+)$/.exec(place.hash)?.[1] ?? "";
  if (found) past.replaceState(past.state, "", place.pathname + place.search);
  return found;
}

/** Asks the service what the token is worth; a network that does not answer is asked again a few times. */
export async function askPass(token: string, wait: (ms: number) => Promise<void>): Promise<Joined> {
  for (const again_ms of [...AGAIN_MS, 0]) {
    try {
      const answer = await fetch("/api/join", { method: "POST", body: JSON.stringify({ token }) });
      if (answer.status < 500) return (await answer.json()) as Joined;
    } catch {
      // no network: below
    }
    if (again_ms) await wait(again_ms);
  }
  return { reason: "no_link" };
}

export class Identity {
  readonly state: Signal<IdentityState> = signal("");
  private offered = "";

  /** become: comes back with another pass. */
  constructor(
    private readonly drawer: Drawer,
    private readonly become: (pass: string) => void,
    private readonly ask: (token: string) => Promise<Joined>,
  ) {}

  /** Takes a token up; resolves to what became of it: nothing, a reason, or `asked` where the viewer decides. */
  async join(token: string): Promise<string> {
    const { pass, reason = "bad_token" } = await this.ask(token);
    if (!pass) {
      this.state.value = reason === "no_link" ? "" : "refused";
      return reason;
    }
    this.state.value = "";
    const held = holder(this.drawer.get("pass"));
    if (held.account === holder(pass).account) return "";
    if (held.number < 0) {
      this.become(pass);
      return "";
    }
    this.offered = pass;
    this.state.value = "asks";
    return "asked";
  }

  /** The viewer's answer. */
  decide(yes: boolean): void {
    this.state.value = "";
    if (yes) this.become(this.offered);
    this.offered = "";
  }
}
