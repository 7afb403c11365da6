import { signal, type Signal } from "@preact/signals";
import { complete } from "./complete.ts";
import type { Messages } from "../protocol.gen.ts";

/** Texts by content hash: what a hash names never changes, so each is fetched once and kept by the browser. */
export class Texts {
  private readonly held = new Map<string, Signal<unknown>>();

  constructor(
    private readonly load: (hash: string) => Promise<unknown>,
    private readonly later: (run: () => void, after_ms: number) => void,
  ) {}

  /** The text of that hash, null until it is here. An empty hash stays null. */
  get<Name extends "ShowText" | "SegmentText">(name: Name, hash: string): Messages[Name] | null {
    let found = this.held.get(hash);
    if (!found) {
      found = signal<unknown>(null);
      this.held.set(hash, found);
      if (hash) this.fetch(name, hash, found, 500);
    }
    return found.value as Messages[Name] | null;
  }

  private fetch(name: keyof Messages, hash: string, into: Signal<unknown>, again_ms: number): void {
    this.load(hash).then(
      (received) => {
        into.value = complete(name, received);
      },
      () => this.later(() => this.fetch(name, hash, into, Math.min(8000, again_ms * 2)), again_ms),
    );
  }
}

/** From the service that served the page. */
export async function fetchText(hash: string): Promise<unknown> {
  const reply = await fetch(`/texts/${encodeURIComponent(hash)}.json`);
  if (!reply.ok) throw new Error(`text ${hash}: ${reply.status}`);
  return reply.json();
}
