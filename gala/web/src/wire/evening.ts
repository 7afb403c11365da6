import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ClaimReply, EnterReply, Mine, Relief, RoundMine, RoundView, SegmentText, Show, ShowText, Tally, TuneReply } from "../protocol.gen.ts";
import { complete } from "./complete.ts";
import { Connection, type Link } from "./connection.ts";
import { GalaClock } from "./clock.ts";
import type { Drawer } from "./drawer.ts";
import { Plays, type LocalPlay } from "./plays.ts";
import { goesOutAfter, NONE, waits } from "./relief.ts";
import { Syncing } from "./syncing.ts";
import { fetchText, Texts } from "./texts.ts";
import { Ticking } from "./ticking.ts";
import type { Work } from "./work.ts";
import { keepWatching, ownRound, watchingAtFirst, type Taken, type Watching } from "./watching.ts";

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
  /** what the service leaves off because it is pressed */
  readonly relief: ReadonlySignal<Relief>;
  readonly seat: ReadonlySignal<Seat>;
  readonly watching: ReadonlySignal<Watching>;
  /** null until the service has spoken, and after a wish that it has not answered */
  readonly taken: ReadonlySignal<Taken | null>;
  /** the show's round as this very viewer has it: it opens at their own instant */
  readonly round: ReadonlySignal<RoundView | null>;
  /** gala time, ms; moves ten times a second, and at the instant a round opens or closes */
  readonly now_ms: ReadonlySignal<number>;
  /** gala time at this very instant, ms: for what moves with it */
  at_ms(): number;
  showText(): ShowText | null;
  segmentText(): SegmentText | null;
  enter(): void;
  play(round: string, move: Record<string, unknown>, label: string, title: string): void;
  /** Says how this viewer watches; resolves to the service's answer, or to null where there was none yet. */
  tune(wish: Watching): Promise<TuneReply | null>;
  /** Takes a voucher of this viewer's; resolves to the service's answer, or to null where there was none yet. */
  claim(voucher: string): Promise<ClaimReply | null>;
  /** Asks what is true of this viewer now, unless it was asked a moment ago: a till or the clock may have changed it. */
  look(): void;
  speak(lang: string): void;
  tryNow(): void;
  /** Forgets a pass the service does not know, and comes in anew. */
  freshPass(): void;
  /** Comes back as the holder of this pass, and takes a seat again if this viewer had one. */
  become(pass: string): void;
}

/** An answer to a play or to `enter` that takes longer is asked for again. */
const ANSWER_MS = 4000;

/** How soon after a look another one is of use. */
const LOOK_MS = 5000;

const NOBODY: Mine = complete("Mine", {});

/**
 * The newer of two views of one evening. Within an epoch a cohort's steps only grow; another epoch is a new count, and
 * so is another cohort: `moved` says that the one held may be of that which the viewer has left.
 */
export function newerShow(held: Show | null, received: Show, moved = false): Show {
  return held && !moved && held.epoch === received.epoch && held.step > received.step ? held : received;
}

const later = (run: () => void, after_ms: number): void => void setTimeout(run, after_ms);
/** The same, and what calls it off. */
const planned = (run: () => void, after_ms: number): (() => void) => {
  const timer = setTimeout(run, after_ms);
  return () => clearTimeout(timer);
};

/** Runs `work` while no other tab of this page runs its own: two tabs shall not ask for two numbers. */
async function alone(work: () => Promise<void>): Promise<void> {
  // Without a secure context there are no locks; then two tabs that enter at the same moment may waste a number.
  if (navigator.locks) await navigator.locks.request("gala.enter", work);
  else await work();
}

/** Joins the evening over the network. `chance` gives numbers in 0…1; `work` is done where a number is had for it. */
export function joinEvening(drawer: Drawer, asked: Watching & { lang: string }, chance: () => number, work: Work): Evening {
  const show: Signal<Show | null> = signal(null);
  const mine = signal(NOBODY);
  const tally: Signal<Tally | null> = signal(null);
  const relief = signal(NONE);
  const seat: Signal<Seat> = signal({ asking: false, reason: "", next_at_ms: 0 });
  const watching = signal(watchingAtFirst(drawer, asked));
  const taken: Signal<Taken | null> = signal(null);
  const round = computed(() => ownRound(show.value?.round ?? null, taken.value ?? { delay_ms: 0, rest_ms: 0 }));
  const clock = new GalaClock();
  const now_ms = signal(0);
  const texts = new Texts(fetchText, later);
  let pass = "";
  let lang = asked.lang;
  // since a viewer said to watch otherwise, until a view that was surely sent after that
  let moved: "" | "asked" | "answered" = "";
  let wanted = false; // a person asked for a seat; a break of the link does not take that back

  const connection = new Connection(
    "/viewer",
    () => {
      pass = drawer.get("pass");
      const { channel, own_ms } = watching.value;
      const slot = drawer.get("slot");
      return { pass, channel, lang, ...(slot ? { slot } : {}), ...(own_ms === null ? {} : { delay_ms: own_ms }) };
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
    (play) => waits(relief.value, round.value, play, mine.value.rounds[play.round]),
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
    taken.value = { delay_ms: welcome.delay_ms, rest_ms: welcome.rest_ms };
    plays.belong(welcome.viewer, welcome.show.epoch);
    show.value = newerShow(show.value, welcome.show, moved !== "");
    moved = "";
    mine.value = welcome.mine;
    relief.value = welcome.relief ?? NONE;
    if (drawer.get("slot")) drawer.set("slot", "");
    connection.greeted(welcome.back_ms);
    plays.learn(welcome.mine);
    plays.resume();
    if (wanted) void enter();
  });
  socket.on("show", (received: unknown) => {
    const newest = complete("Show", received);
    show.value = newerShow(show.value, newest, moved !== "");
    if (moved === "answered") moved = "";
    // the director may tune a channel at any time, and takes along whoever watches it as it comes
    if (watching.value.own_ms === null) taken.value = { delay_ms: newest.delay_ms, rest_ms: 0 };
  });
  socket.on("relief", (received: unknown) => {
    relief.value = complete("Relief", received);
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
    ticking.now();
  });
  link.subscribe((now) => {
    if (now.state !== "up") plays.interrupt();
    if (now.queue) drawer.set("slot", now.queue.slot); // for this page loaded anew, and for another tab
    if (now.reason === "unknown_channel") {
      // Chosen at another show, or written into the address by someone: this show's first one will do.
      watching.value = { channel: "", own_ms: null };
      keepWatching(drawer, watching.value);
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
        let answer: EnterReply = complete("EnterReply", await connection.ask("enter", {}, ANSWER_MS));
        if (answer.reason === "proof") {
          const proof = await work(answer.challenge, answer.bits);
          answer = complete("EnterReply", await connection.ask("enter", { proof }, ANSWER_MS));
        }
        reply = answer;
        keepPass(answer.pass);
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
  const ticking = new Ticking(
    () => clock.at(performance.now()),
    () => clock.rate,
    () => {
      const held = round.peek();
      return held ? [held.opens_at_ms, held.closes_at_ms] : [];
    },
    (at_ms) => (now_ms.value = at_ms),
    planned,
  );
  effect(() => {
    void round.value; // another round, or another instant of it
    ticking.now();
  });
  const running = computed(() => (round.value?.state === "open" ? round.value.id : ""));
  effect(() => {
    void running.value; // what stayed here is said when there is room for it again, or when its round is over
    const { gather_ms } = relief.value;
    const left_ms = ((round.peek()?.closes_at_ms || Infinity) - clock.at(performance.now())) / clock.rate;
    later(() => plays.release(), goesOutAfter(gather_ms, running.value ? left_ms : Infinity, chance()));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    syncing.woke();
    ticking.now();
  });
  connection.now();

  const claim = async (voucher: string): Promise<ClaimReply | null> => {
    if (!isUp()) return null;
    try {
      const reply = complete("ClaimReply", await connection.ask("claim", { voucher }, ANSWER_MS));
      const stands = reply.voucher;
      if (stands) {
        const vouchers = mine.value.vouchers.map((one) => (one.id === stands.id ? stands : one));
        mine.value = { ...mine.value, vouchers };
      }
      return reply;
    } catch {
      return null;
    }
  };
  let looked_ms = -LOOK_MS;
  const look = async (): Promise<void> => {
    if (mine.value.number < 0 || !isUp() || performance.now() - looked_ms < LOOK_MS) return;
    looked_ms = performance.now();
    try {
      const reply = complete("EnterReply", await connection.ask("enter", {}, ANSWER_MS));
      if (reply.mine) {
        mine.value = reply.mine;
        plays.learn(reply.mine);
      }
    } catch {
      // what was known stays on the screen, and the link says how it stands itself
    }
  };

  let wishes = 0;
  const tune = async (wish: Watching): Promise<TuneReply | null> => {
    const wanted_no = ++wishes;
    moved = "asked";
    taken.value = null;
    watching.value = wish;
    keepWatching(drawer, wish);
    if (!isUp()) return null; // the next CONNECT says it
    try {
      const { channel, own_ms } = wish;
      const content = { channel, lang, ...(own_ms === null ? {} : { delay_ms: own_ms }) };
      const reply = complete("TuneReply", await connection.ask("tune", content, ANSWER_MS));
      if (wanted_no === wishes) moved = "answered";
      if (wanted_no === wishes && !reply.reason) {
        taken.value = { delay_ms: reply.delay_ms, rest_ms: reply.rest_ms };
        // a delay too far from the channel's is believed only so far
        if (own_ms !== null) watching.value = { channel, own_ms: reply.delay_ms };
        keepWatching(drawer, watching.value);
      }
      return reply;
    } catch {
      return null;
    }
  };
  return {
    link,
    show,
    mine,
    tally,
    relief,
    seat,
    watching,
    taken,
    round,
    now_ms,
    plays: plays.all,
    at_ms: () => clock.at(performance.now()),
    showText: () => texts.get("ShowText", show.value?.text ?? ""),
    segmentText: () => texts.get("SegmentText", show.value?.segment?.text ?? ""),
    enter: () => void enter(),
    play: (round, move, label, title) => plays.make(round, move, label, title, mine.value.rounds[round]),
    tune,
    claim,
    look: () => void look(),
    speak: (chosen) => {
      lang = chosen;
      drawer.set("lang", chosen);
      void tune(watching.value);
    },
    tryNow: () => connection.now(),
    freshPass: () => {
      drawer.set("pass", "");
      connection.again();
    },
    become: (held) => {
      wanted ||= mine.value.number >= 0;
      drawer.set("pass", held);
      connection.again();
    },
  };
}
