import { signal, type Signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import * as parser from "socket.io-msgpack-parser";
import type { Auth, Queue, Refusal } from "../protocol.gen.ts";
import { complete } from "./complete.ts";

/** joining: never been up · up · down: was up, trying again · refused: the service said no, `reason` says why */
export interface Link {
  state: "joining" | "up" | "down" | "refused";
  reason: string;
  /** how many tries have failed in a row */
  tries: number;
  /** local time of the next try, ms; 0: none is planned */
  next_at_ms: number;
  /** the hall is full: where this phone stands, until it is in */
  queue: Queue | null;
}

/** At a moment of this phone's own: where within the window it comes back after its line was lost, ms from then. */
export function returnAfter(back_ms: number, chance: number): number {
  return back_ms > SMALL_MS ? back_ms * chance : RETRY_FIRST_MS * (0.75 + chance / 2);
}

/** A try that has no answer by then has failed, ms. */
const CONNECT_MS = 8000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8000;
/** A window up to this is none: all who are here come back in the first moment. */
const SMALL_MS = 1000;

/** Refusals which the same pass will meet again: trying by itself would only repeat them. */
const isFinal = (reason: string): boolean => /pass|show|role/.test(reason);

/**
 * One Socket.IO connection of a namespace, kept up. It does its own waiting between tries, so that the page can say
 * when the next one is and a person can try now; `chance` is in 0…1 and spreads phones that fell out together.
 */
export class Connection {
  readonly link: Signal<Link> = signal({ state: "joining", reason: "", tries: 0, next_at_ms: 0, queue: null });
  readonly socket: Socket;
  private timer = 0;
  /** local time until which a `drain` lets us wait, ms: a line that ends before brings nobody back sooner */
  private drained_until_ms = 0;
  /** over how long all who are here spread when their lines are lost, ms */
  private back_ms = 0;

  constructor(
    namespace: string,
    auth: () => Partial<Auth>,
    private readonly chance: () => number,
    private readonly retry_max_ms = RETRY_MAX_MS,
  ) {
    this.socket = io(namespace, {
      path: "/socket.io/",
      transports: ["websocket"],
      parser,
      autoConnect: false,
      reconnection: false,
      timeout: CONNECT_MS,
      auth: (give) => give(auth()),
    });
    this.socket.on("connect_error", (error: Error & { data?: unknown }) => this.failed(error));
    this.socket.on("disconnect", (why) => {
      if (why === "io client disconnect") return;
      const left_ms = this.drained_until_ms - performance.now();
      if (left_ms > 0) this.link.value = { ...this.link.value, state: "down", next_at_ms: this.drained_until_ms };
      else this.comeBackAfter(returnAfter(this.back_ms, this.chance()));
    });
    this.socket.on("back", (told: { within_ms?: number }) => (this.back_ms = told.within_ms ?? 0));
    this.socket.on("drain", (told: { within_ms?: number }) => {
      const wait_ms = this.chance() * (told.within_ms ?? 2000);
      this.drained_until_ms = performance.now() + wait_ms;
      this.pause(wait_ms);
    });
    addEventListener("online", () => this.now());
    addEventListener("offline", () => {
      if (this.link.value.state === "up") this.socket.io.engine.close();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.link.value.state === "down") this.now();
    });
  }

  /** First connect, or again at once: a person asked, or the network is back. */
  now(): void {
    if (this.link.value.state === "up" || this.link.value.state === "refused") return;
    this.open();
  }

  /** Comes back with whatever `auth` says then: another pass, another channel. */
  again(): void {
    this.socket.disconnect();
    this.open();
  }

  /** The service spoke the first words: the connection is of use from here on. */
  greeted(back_ms = 0): void {
    this.back_ms = back_ms;
    this.link.value = { state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null };
  }

  /** Sends and waits for the answer; rejects after `within_ms` or when the link breaks. */
  ask(event: string, content: unknown, within_ms: number): Promise<unknown> {
    return this.socket.timeout(within_ms).emitWithAck(event, content) as Promise<unknown>;
  }

  private open(): void {
    clearTimeout(this.timer);
    const { state, tries, queue, reason } = this.link.value;
    // who stands in line stands there until somebody says otherwise
    if (queue) this.link.value = { state, reason, tries, next_at_ms: 0, queue };
    else this.link.value = { state: state === "refused" ? "joining" : state, reason: "", tries, next_at_ms: 0, queue };
    this.socket.connect();
  }

  private pause(after_ms: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.again(), after_ms);
  }

  private failed(error: Error & { data?: unknown }): void {
    // A refusal carries the service's words; without `data` nobody was reached.
    if (error.data === undefined) {
      this.retry(RETRY_FIRST_MS * 2 ** Math.min(5, this.link.value.tries));
      return;
    }
    const refusal: Refusal = complete("Refusal", error.data);
    const reason = refusal.reason || error.message;
    if (isFinal(reason)) {
      this.link.value = { state: "refused", reason, tries: 0, next_at_ms: 0, queue: null };
      return;
    }
    if (refusal.queue) {
      // no chance in it: whoever waits has an instant of their own
      const next_at_ms = performance.now() + refusal.queue.wait_ms;
      this.link.value = { state: "refused", reason, tries: 0, next_at_ms, queue: refusal.queue };
      this.pause(refusal.queue.wait_ms);
      return;
    }
    this.retry(refusal.retry_after_ms || this.retry_max_ms, reason);
  }

  private retry(around_ms: number, reason = ""): void {
    this.comeBackAfter(Math.min(reason ? Infinity : this.retry_max_ms, around_ms) * (0.75 + this.chance() / 2), reason);
  }

  private comeBackAfter(wait_ms: number, reason = ""): void {
    const { state, tries } = this.link.value;
    const next = reason ? "refused" : state === "joining" && tries < 1 ? "joining" : "down";
    this.link.value = { state: next, reason, tries: tries + 1, next_at_ms: performance.now() + wait_ms, queue: null };
    this.pause(wait_ms);
  }
}
