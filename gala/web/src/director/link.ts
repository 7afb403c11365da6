/** The console's line to the service: `/crew`, where each `desk` is the whole state, so there is nothing to catch up on. */
import { effect } from "@preact/signals";
import { complete } from "../wire/complete.ts";
import { Connection } from "../wire/connection.ts";
import type { Console } from "./console.ts";

/** A director waits for this line, and there are few of them: they come back sooner than a million phones may. */
const RETRY_MAX_MS = 1_500;

/** Opens the line and keeps it up. It counts as up from its first desk on: before, a press would be blind. */
export function openLink(pass: string, console: Console): void {
  const connection = new Connection("/crew", () => ({ pass }), Math.random, RETRY_MAX_MS);
  connection.socket.on("desk", (received: unknown) => {
    connection.greeted();
    console.hearDesk(complete("Desk", received), performance.now());
  });
  effect(() => console.hearLink(connection.link.value));
  connection.now();
}
