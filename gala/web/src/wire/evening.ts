import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { EnterReply, Mine, RoundMine, SegmentText, Show, ShowText, Tally } from "../protocol.gen.ts";
import { complete } from "./complete.ts";
import { Connection, type Link } from "./connection.ts";
import { GalaClock } from "./clock.ts";
import type { Drawer } from "./drawer.ts";
import { Plays, type LocalPlay } from "./plays.ts";
import { Syncing } from "./syncing.ts";
import { fetchText, Texts } from "./texts.ts";

/** A seat: asked for and not had yet; `reason` and when to try again if the hall is full. */
export interface Seat {
  asking: boolean;
  reason: string;
  /** local ms; 0: no try is planned */
  next_at_ms: number;
}

/** What a phone page knows of the evening and may do in it. Signals are read inside components. */
export interface Evening {
  readonly link: ReadonlySignal<Link>;
  readonly show: ReadonlySignal<Show | null>;
  readonly mine: ReadonlySignal<Mine>;
  readonly tally: ReadonlySignal<Tally | null>;
  readonly plays: ReadonlySignal<Record<string, LocalPlay>>;
  readonly seat: ReadonlySignal<Seat>;
  readonly channel: ReadonlySignal<string>;
  /** gala time, ms; moves about ten times a second */
  readonly now_ms: ReadonlySignal<number>;
  /** gala time at this very instant, ms: for what moves with it */
  at_ms(): number;
  showText(): ShowText | null;
  segmentText(): SegmentText | null;
  enter(): void;
  play(round: string, move: Record<string, unknown>, label: string, title: string): void;
  tune(channel: string): void;
  speak(lang: string): void;
  tryNow(): void;
  /** Forgets a pass the service does not know, and comes in anew. */
  freshPass(): void;
}

/** An answer to a play or to `enter` that takes longer is asked for again. */
const ANSWER_MS = 4000;
const TICK_MS = 100;

const NOBODY: Mine = complete("Mine", {});

/** The newer of two views of one evening. Within an epoch a cohort's steps only grow; another epoch is a new count. */
export function newerShow(held: Show | null, received: Show): Show {
  return held && held.epoch === received.epoch && held.step > received.step ? held : received;
}

const later = (run: () => void, after_ms: number): void => void setTimeout(run, after_ms);

/** Runs `work` while no other tab of this page runs its own: two tabs shall not ask for two numbers. */
async function alone(work: () => Promise<void>): Promise<void> {
  // Without a secure context there are no locks; then two tabs that enter at the same moment may waste a number.
  if (navigator.locks) await navigator.locks.request("gala.enter", work);
  else await work();
}

/** Joins the evening over the network. `chance` gives numbers in 0…1. */
export function joinEvening(drawer: Drawer, preset: { channel: string; lang: string }, chance: () => number): Evening {
  const show: Signal<Show | null> = signal(null);
  const mine = signal(NOBODY);
  const tally: Signal<Tally | null> = signal(null);
  const seat: Signal<Seat> = signal({ asking: false, reason: "", next_at_ms: 0 });
  const channel = signal(preset.channel || drawer.get("channel"));
  const clock = new GalaClock();
  const now_ms = signal(0);
  const texts = new Texts(fetchText, later);
  let pass = "";
  let lang = preset.lang;
  let wanted = false; // a person asked for a seat; a break of the link does not take that back

  const connection = new Connection(
    "/viewer",
    () => {
      pass = drawer.get("pass");
      return { pass, channel: channel.value, lang };
    },
    chance,
  );
  const { link, socket } = connection;
  const isUp = (): boolean => link.value.state === "up";
  const plays = new Plays(
    drawer,
    async (play) => complete("PlayReply", await connection.ask("play", play, ANSWER_MS)),
    isUp,
    later,
    (round, slot: RoundMine) => {
      if (slot.seq < (mine.value.rounds[round]?.seq ?? 0)) return;
      mine.value = { ...mine.value, rounds: { ...mine.value.rounds, [round]: slot } };
    },
    () => clock.at(performance.now()),
  );

  const syncing = new Syncing(
    clock,
    async (content) => {
      if (!isUp()) throw new Error("no link");
      return complete("SyncReply", await connection.ask("sync", content, ANSWER_MS));
    },
    later,
    () => performance.now(),
  );

  const keepPass = (received: string): void => {
    if (!received) return;
    pass = received;
    drawer.set("pass", received);
  };

  socket.on("welcome", (received: unknown) => {
    const welcome = complete("Welcome", received);
    const kept = drawer.get("pass");
    if (!pass && kept && kept !== welcome.pass) {
      connection.again(); // another tab came in first: one phone, one viewer
      return;
    }
    keepPass(welcome.pass);
    syncing.begin(welcome.now_ms, welcome.rate);
    plays.belong(welcome.viewer, welcome.show.epoch);
    show.value = newerShow(show.value, welcome.show);
    mine.value = welcome.mine;
    connection.greeted();
    plays.learn(welcome.mine);
    plays.resume();
    if (wanted) void enter();
  });
  socket.on("show", (received: unknown) => {
    show.value = newerShow(show.value, complete("Show", received));
  });
  socket.on("tally", (received: unknown) => {
    const newest = complete("Tally", received);
    const held = tally.value;
    if (!held || held.round !== newest.round || newest.seq >= held.seq) tally.value = newest;
  });
  socket.on("mine", (received: unknown) => {
    mine.value = complete("Mine", received);
    plays.learn(mine.value);
  });
  socket.on("clock", (received: unknown) => {
    const told = complete("Clock", received);
    syncing.begin(told.now_ms, told.rate);
  });
  link.subscribe((now) => {
    if (now.state !== "up") plays.interrupt();
    if (now.reason === "unknown_channel") {
      // Chosen at another show, or written into the address by someone: this show's first one will do.
      channel.value = "";
      drawer.set("channel", "");
      later(() => connection.again(), 0);
    }
  });

  const enter = async (): Promise<void> => {
    if (mine.value.number >= 0) {
      wanted = false;
      return;
    }
    wanted = true;
    if (seat.value.asking || !isUp()) return;
    seat.value = { asking: true, reason: "", next_at_ms: 0 };
    let reply: EnterReply | null = null;
    try {
      await alone(async () => {
        if (drawer.get("pass") !== pass) {
          connection.again(); // another tab has taken the seat
          return;
        }
        reply = complete("EnterReply", await connection.ask("enter", {}, ANSWER_MS));
        keepPass(reply.pass);
      });
      seated(reply);
    } catch {
      seat.value = { asking: false, reason: "", next_at_ms: 0 };
      if (isUp()) later(() => void enter(), 200);
    }
  };
  const seated = (reply: EnterReply | null): void => {
    if (reply?.reason === "gone") {
      seat.value = { asking: false, reason: "", next_at_ms: 0 };
      connection.again(); // this connection is not known any more; the wish for a seat stands
      return;
    }
    if (reply?.reason) {
      const wait_ms = reply.retry_after_ms;
      const next_at_ms = wait_ms > 0 ? performance.now() + wait_ms : 0;
      seat.value = { asking: false, reason: reply.reason, next_at_ms };
      if (wait_ms > 0) later(() => void enter(), wait_ms);
      return;
    }
    seat.value = { asking: false, reason: "", next_at_ms: 0 };
    wanted = false;
    if (reply?.mine) mine.value = reply.mine;
  };

  drawer.watch((name) => {
    if (name === "pass" && drawer.get("pass") !== pass) connection.again();
  });
  setInterval(() => {
    now_ms.value = clock.at(performance.now());
  }, TICK_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) syncing.woke();
  });
  connection.now();

  const tuned = (content: Record<string, string>): void => {
    if (isUp()) connection.ask("tune", content, ANSWER_MS).catch(() => undefined); // the next CONNECT says it again
  };
  return {
    link,
    show,
    mine,
    tally,
    seat,
    channel,
    now_ms,
    plays: plays.all,
    at_ms: () => clock.at(performance.now()),
    showText: () => texts.get("ShowText", show.value?.text ?? ""),
    segmentText: () => texts.get("SegmentText", show.value?.segment?.text ?? ""),
    enter: () => void enter(),
    play: (round, move, label, title) => plays.make(round, move, label, title, mine.value.rounds[round]),
    tune: (chosen) => {
      channel.value = chosen;
      drawer.set("channel", chosen);
      tuned({ channel: chosen });
    },
    speak: (chosen) => {
      lang = chosen;
      drawer.set("lang", chosen);
      tuned({ lang: chosen });
    },
    tryNow: () => connection.now(),
    freshPass: () => {
      drawer.set("pass", "");
      connection.again();
    },
  };
}
