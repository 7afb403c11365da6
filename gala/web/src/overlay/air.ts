import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { SegmentText, Show, ShowText, Tally } from "../protocol.gen.ts";
import { GalaClock } from "../wire/clock.ts";
import { complete } from "../wire/complete.ts";
import { Connection, type Link } from "../wire/connection.ts";
import type { Drawer } from "../wire/drawer.ts";
import { fetchText, Texts } from "../wire/texts.ts";

/** What an overlay knows. It starts with what it showed last, and shows that until the service speaks again. */
export interface Air {
  readonly link: ReadonlySignal<Link>;
  readonly show: ReadonlySignal<Show | null>;
  readonly tally: ReadonlySignal<Tally | null>;
  readonly join_url: ReadonlySignal<string>;
  /** gala time, ms; moves about ten times a second */
  readonly now_ms: ReadonlySignal<number>;
  readonly showText: ReadonlySignal<ShowText | null>;
  readonly segmentText: ReadonlySignal<SegmentText | null>;
}

/** What is kept: all that a frame is drawn from, and how gala time stood to this machine's clock. */
export interface Frame {
  pass: string;
  show: Show;
  tally: Tally | null;
  join_url: string;
  texts: Record<string, unknown>;
  now_ms: number;
  wall_ms: number;
  rate: number;
}

/** A vision mixer waits for this line, and there are few of them. */
const RETRY_MAX_MS = 1_500;
const BURST_COUNT = 8;
const BURST_MS = 150;
const SYNC_MS = 20_000;
const ANSWER_MS = 4_000;
const TICK_MS = 100;
const KEPT = "overlay";

const later = (run: () => void, after_ms: number): void => void setTimeout(run, after_ms);

/** The end of a pass tells passes apart and opens nothing. A frame of another evening is never put on air. */
export const tailOf = (pass: string): string => pass.slice(-12);

/** The frame in that drawer if it was kept under this pass; null if there is none that can be read. */
export function keptFrame(kept: string, pass: string): Frame | null {
  try {
    const frame = JSON.parse(kept) as Frame;
    if (frame.pass !== tailOf(pass)) return null;
    const tally = frame.tally === null ? null : complete("Tally", frame.tally);
    return { ...frame, show: complete("Show", frame.show), tally };
  } catch {
    return null;
  }
}

/** Goes on air. `wall_ms` reads this machine's clock, `local_ms` its monotonic one. */
export function goOnAir(
  pass: string,
  drawer: Drawer,
  chance: () => number,
  wall_ms: () => number,
  local_ms: () => number,
): Air {
  const last = keptFrame(drawer.get(KEPT), pass);
  const show = signal<Show | null>(last?.show ?? null);
  const tally = signal<Tally | null>(last?.tally ?? null);
  const join_url = signal(last?.join_url ?? "");
  const read = signal<Record<string, unknown>>(last?.texts ?? {});
  const now_ms = signal(0);
  const clock = new GalaClock();
  if (last) clock.reset(last.now_ms + last.rate * (wall_ms() - last.wall_ms), last.rate, local_ms());

  const texts = new Texts(async (hash) => {
    const found = read.peek()[hash] ?? (await fetchText(hash));
    read.value = { ...read.peek(), [hash]: found };
    return found;
  }, later);
  const connection = new Connection("/overlay", () => ({ pass }), chance, RETRY_MAX_MS);
  const { link, socket } = connection;

  const sync = async (): Promise<void> => {
    if (link.value.state !== "up") return;
    const reply = complete("SyncReply", await connection.ask("sync", { t0_ms: local_ms() }, ANSWER_MS));
    clock.sample(reply.t0_ms, reply.t1_ms, reply.t2_ms, local_ms());
  };
  const lost = (): void => undefined; // a lost exchange is one sample fewer
  const burst = (): void => {
    for (let i = 0; i < BURST_COUNT; i++) later(() => void sync().catch(lost), i * BURST_MS);
  };

  socket.on("welcome", (received: unknown) => {
    const welcome = complete("OverlayWelcome", received);
    clock.reset(welcome.now_ms, welcome.rate, local_ms());
    // the service's word, also where it says less than was shown: a round voided while we were away
    show.value = welcome.show;
    tally.value = welcome.tally;
    join_url.value = welcome.join_url;
    connection.greeted();
    burst();
  });
  socket.on("show", (received: unknown) => {
    const next = complete("Show", received);
    const held = show.value;
    if (!held || held.epoch !== next.epoch || next.step >= held.step) show.value = next;
  });
  socket.on("tally", (received: unknown) => {
    tally.value = complete("Tally", received);
  });
  socket.on("clock", (received: unknown) => {
    const told = complete("Clock", received);
    clock.reset(told.now_ms, told.rate, local_ms());
    burst();
  });

  effect(() => {
    const shown = show.value;
    if (!shown || link.value.state !== "up") return;
    const wanted = [shown.text, shown.segment?.text ?? ""];
    const frame: Frame = {
      pass: tailOf(pass),
      show: shown,
      tally: tally.value,
      join_url: join_url.value,
      texts: Object.fromEntries(Object.entries(read.value).filter(([hash]) => wanted.includes(hash))),
      now_ms: clock.at(local_ms()),
      wall_ms: wall_ms(),
      rate: clock.rate,
    };
    drawer.set(KEPT, JSON.stringify(frame));
  });
  setInterval(() => {
    now_ms.value = clock.at(local_ms());
  }, TICK_MS);
  now_ms.value = clock.at(local_ms());
  setInterval(() => void sync().catch(lost), SYNC_MS);
  connection.now();

  return {
    link,
    show,
    tally,
    join_url,
    now_ms,
    showText: computed(() => texts.get("ShowText", show.value?.text ?? "")),
    segmentText: computed(() => texts.get("SegmentText", show.value?.segment?.text ?? "")),
  };
}
