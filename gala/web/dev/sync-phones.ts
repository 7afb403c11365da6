/**
 * Phones for `gala bench sync`: many in one Node, each with a local clock of its own, over the pages' own wire modules.
 * Told on standard input (one line of JSON: who there is), tells on standard output (a line of JSON an event), and ends
 * with its standard input. Instants are nanoseconds of the machine's monotonic clock, as strings. Never part of a build.
 */
import { createInterface } from "node:readline";
import { io, type Socket } from "socket.io-client";
import * as parser from "socket.io-msgpack-parser";
import type { RoundView, Show } from "../src/protocol.gen.ts";
import { GalaClock } from "../src/wire/clock.ts";
import { complete } from "../src/wire/complete.ts";
import { newerShow } from "../src/wire/evening.ts";
import { Syncing } from "../src/wire/syncing.ts";
import { Ticking } from "../src/wire/ticking.ts";

interface Someone {
  id: number;
  url: string;
  channel: string;
  /** its local clock: what it shows at first, and how far it runs off */
  ahead_ms: number;
  drift_ppm: number;
}

/** A round as a phone knows it by now, and how long before its start it was first told. */
interface Known {
  round: RoundView;
  spare_ms: number;
  started: boolean;
  ended: boolean;
}

const ANSWER_MS = 4000;

const say = (event: Record<string, unknown>): void => void process.stdout.write(JSON.stringify(event) + "\n");
const now_ns = (): bigint => process.hrtime.bigint();
const born_ns = now_ns();

class Phone {
  private readonly clock = new GalaClock();
  private readonly socket: Socket;
  private readonly syncing: Syncing;
  private readonly ticking: Ticking;
  private readonly known = new Map<string, Known>();
  private show: Show | null = null;

  constructor(private readonly who: Someone) {
    this.socket = io(`${who.url}/viewer`, {
      path: "/socket.io/",
      transports: ["websocket"],
      parser,
      forceNew: true,
      reconnection: false,
      auth: { channel: who.channel },
    });
    this.syncing = new Syncing(
      this.clock,
      async (content) => complete("SyncReply", await this.socket.timeout(ANSWER_MS).emitWithAck("sync", content)),
      (run, after_ms) => void setTimeout(run, after_ms),
      () => this.local_ms(),
    );
    this.ticking = new Ticking(
      () => this.at_ms(),
      () => this.clock.rate,
      () => [...this.known.values()].flatMap(({ round }) => [round.opens_at_ms, round.closes_at_ms]),
      (now_ms) => this.tell(now_ms),
      (run, after_ms) => {
        const timer = setTimeout(run, after_ms);
        return () => clearTimeout(timer);
      },
    );
    this.socket.on("welcome", (received: unknown) => {
      const welcome = complete("Welcome", received);
      this.syncing.begin(welcome.now_ms, welcome.rate);
      this.see(welcome.show);
      say({ what: "welcome", phone: who.id });
    });
    this.socket.on("show", (received: unknown) => this.see(complete("Show", received)));
    this.socket.on("connect_error", (error) => say({ what: "lost", phone: who.id, why: error.message }));
    this.socket.on("disconnect", (why) => say({ what: "lost", phone: who.id, why }));
  }

  close(): void {
    this.socket.disconnect();
  }

  /** What `performance.now()` would be on this phone. */
  private local_ms(): number {
    return this.who.ahead_ms + (Number(now_ns() - born_ns) / 1e6) * (1 + this.who.drift_ppm / 1e6);
  }

  private at_ms(): number {
    return this.clock.at(this.local_ms());
  }

  private see(received: Show): void {
    this.show = newerShow(this.show, received);
    const round = this.show.round;
    if (!round) return;
    const spare_ms = round.opens_at_ms - this.at_ms();
    this.known.set(round.id, { spare_ms, started: false, ended: false, ...this.known.get(round.id), round });
    this.ticking.now();
  }

  /** The page is told the time: whatever is due is shown. */
  private tell(now_ms: number): void {
    for (const known of this.known.values()) {
      const { round, spare_ms } = known;
      if (!known.started && now_ms >= round.opens_at_ms) {
        known.started = true;
        this.note("start", round.id, now_ms - round.opens_at_ms, spare_ms);
      }
      if (known.started && !known.ended && round.closes_at_ms > 0 && now_ms >= round.closes_at_ms) {
        known.ended = true;
        this.note("end", round.id, now_ms - round.closes_at_ms, spare_ms);
      }
    }
  }

  /** over_ms: how late the page was told, by its own clock */
  private note(what: "start" | "end", round: string, over_ms: number, spare_ms: number): void {
    say({ what, phone: this.who.id, round, at_ns: String(now_ns()), over_ms, spare_ms });
  }
}

const phones: Phone[] = [];
const input = createInterface({ input: process.stdin });
input.once("line", (line) => {
  say({ what: "clock", at_ns: String(now_ns()) });
  (JSON.parse(line) as Someone[]).forEach((who, i) => setTimeout(() => phones.push(new Phone(who)), i * 20));
});
input.once("close", () => {
  for (const phone of phones) phone.close();
  process.exit(0);
});
