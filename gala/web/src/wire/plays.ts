import { signal, type Signal } from "@preact/signals";
import type { Mine, Play, PlayReply, RoundMine } from "../protocol.gen.ts";
import type { Drawer } from "./drawer.ts";

/**
 * sending: on its way, not counted · kept: no link, or the service asked to wait; will be sent · counted: durable, the service said so
 * already: the service holds another play, `has` shows it · refused: will not count, `reason` says why
 */
export type PlayStatus = "sending" | "kept" | "counted" | "already" | "refused";

/** Why a play is kept although there is a link: the service asked for it. */
const ASKED = "asked";

/** Whether a play stays on this phone for now because the service is pressed. */
export const staysHere = (play: LocalPlay): boolean => play.status === "kept" && play.reason === ASKED;

/** This phone's newest play in a round. Moves are absolute, so the newest says all. */
export interface LocalPlay {
  round: string;
  seq: number;
  made_at_ms: number;
  move: Record<string, unknown>;
  status: PlayStatus;
  /** what was played, in words, for a list of kept plays */
  label: string;
  title: string;
  reason: string;
  counted_at_ms: number;
  /** parts of a counted play that do not count, in the game's own form; the service said which and why */
  parts: unknown[];
  /** what the service holds, once it said so */
  slot: RoundMine | null;
}

/** Sends one play; rejects when no answer came in time or the link broke. */
export type Sender = (play: Play) => Promise<PlayReply>;

/** Equal but for the order in lists: a ballot is a set. */
function alike(a: unknown, b: unknown): boolean {
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_key, held: unknown) => (Array.isArray(held) ? held.map(plain).sort() : held));
  return plain(a) === plain(b);
}

/** Seq is 16 bits on the wire. */
const SEQ_MAX = 65535;
/** Rounds remembered; older ones are settled and only take room. */
const KEPT_MAX = 24;

/**
 * Plays from the tap to the service's word. Each is kept on the phone until the service answered it,
 * and sent again, the same `seq`, for as long as it did not: a resend can never count twice.
 */
export class Plays {
  readonly all: Signal<Record<string, LocalPlay>>;
  private readonly waiting = new Set<string>();

  constructor(
    private readonly drawer: Drawer,
    private readonly send: Sender,
    private readonly isUp: () => boolean,
    private readonly later: (run: () => void, after_ms: number) => void,
    private readonly counted: (round: string, mine: RoundMine) => void,
    private readonly now_ms: () => number,
    /** whether the service has asked to keep such a play here for now */
    private readonly waits: (play: Pick<LocalPlay, "round" | "move">) => boolean = () => false,
  ) {
    this.all = signal(this.read());
    drawer.watch((name) => {
      if (name === "plays") this.overhear();
    });
  }

  /**
   * Whose plays these are. Another viewer's are forgotten; in another epoch (the show was begun anew) what was
   * settled is, while what has no answer yet still goes out and gets its answer.
   */
  belong(viewer: string, epoch: string): void {
    const owner = JSON.stringify([viewer, epoch]);
    const before = this.drawer.get("plays.owner");
    if (before === owner) return;
    const same = before.startsWith(JSON.stringify([viewer]).slice(0, -1) + ",");
    const open = Object.values(this.read()).filter((one) => one.status === "sending" || one.status === "kept");
    this.write(same ? open : []);
    this.drawer.set("plays.owner", owner);
  }

  /** A tap: numbers the play, keeps it and sends it. `mine` is what the service holds already. */
  make(round: string, move: Record<string, unknown>, label: string, title: string, mine: RoundMine | undefined): void {
    const before = this.read()[round];
    const seq = Math.min(SEQ_MAX, Math.max(mine?.seq ?? 0, before?.seq ?? 0) + 1);
    const stays = this.waits({ round, move });
    const status = this.isUp() && !stays ? "sending" : "kept";
    const reason = stays ? ASKED : "";
    const made_at_ms = Math.round(this.now_ms());
    this.put({ round, seq, made_at_ms, move, status, label, title, reason, counted_at_ms: 0, parts: [], slot: null });
    void this.deliver(round);
  }

  /** The link is back: whatever has no answer goes out again. */
  resume(): void {
    for (const play of Object.values(this.all.value)) {
      if (play.status === "sending" || play.status === "kept") void this.deliver(play.round);
    }
  }

  /** The service may be less pressed now, or a round is over: what was kept here for it goes out, if it may. */
  release(): void {
    for (const play of Object.values(this.all.value)) if (staysHere(play)) void this.deliver(play.round);
  }

  /** The link broke: what is on its way is kept, and the page says so. */
  interrupt(): void {
    for (const play of Object.values(this.all.value)) {
      if (play.status === "sending") this.put({ ...play, status: "kept" });
    }
  }

  /** What the service says is true settles plays whose answer was lost, or that another tab replaced. */
  learn(mine: Mine): void {
    for (const [round, slot] of Object.entries(mine.rounds)) {
      const play = this.all.value[round];
      if (play && play.status !== "counted" && slot.seq >= play.seq) this.settle(play, slot);
    }
  }

  /** Another tab of this phone played, or got its answer: the service tells each tab only its own. */
  private overhear(): void {
    this.all.value = this.read();
    for (const { round, slot } of Object.values(this.all.value)) {
      if (slot !== null) this.counted(round, slot);
    }
  }

  private async deliver(round: string): Promise<void> {
    if (this.waiting.has(round)) return;
    const play = this.all.value[round];
    if (!play || !this.isUp()) return;
    if (this.waits(play)) {
      if (!staysHere(play)) this.put({ ...play, status: "kept", reason: ASKED });
      return;
    }
    this.waiting.add(round);
    if (play.status === "kept") this.put({ ...play, status: "sending", reason: "" });
    let again_ms = -1;
    try {
      const { seq, made_at_ms, move } = play;
      const reply = await this.send({ round, seq, at_ms: made_at_ms, move });
      again_ms = this.answered(play, reply);
    } catch {
      again_ms = 500;
    }
    this.waiting.delete(round);
    const present = this.all.value[round];
    if (!present || (present.status !== "sending" && present.status !== "kept")) return;
    if (present.seq !== play.seq) again_ms = 0;
    if (again_ms >= 0) this.later(() => void this.deliver(round), again_ms);
  }

  /** Takes an answer in; how long to wait before sending again, or -1. */
  private answered(play: LocalPlay, reply: PlayReply): number {
    if (reply.status === "retry") return Math.max(100, reply.retry_after_ms);
    if (reply.mine) this.counted(play.round, reply.mine);
    const present = this.all.value[play.round];
    if (!present || present.seq !== play.seq) return -1; // replaced by a newer tap meanwhile
    if (reply.status === "refused") this.put({ ...present, status: "refused", reason: reply.reason });
    else if (reply.status === "already" && reply.mine) this.settle(present, reply.mine);
    else {
      const counted_at_ms = Math.round(this.now_ms());
      this.put({ ...present, status: "counted", counted_at_ms, parts: reply.refused, slot: reply.mine });
    }
    return -1;
  }

  /** `already` to a resend of ours is as good as counted; to anything else it shows what stands. */
  private settle(play: LocalPlay, slot: RoundMine): void {
    const same = slot.seq === play.seq && alike(slot.has, play.move);
    this.put({ ...play, status: same ? "counted" : "already", counted_at_ms: Math.round(this.now_ms()), slot });
  }

  private put(play: LocalPlay): void {
    const others = Object.values(this.read()).filter((one) => one.round !== play.round);
    this.write([...others, play].slice(-KEPT_MAX));
  }

  private write(kept: LocalPlay[]): void {
    this.drawer.set("plays", JSON.stringify(kept));
    this.all.value = Object.fromEntries(kept.map((one) => [one.round, one]));
  }

  private read(): Record<string, LocalPlay> {
    try {
      const kept = JSON.parse(this.drawer.get("plays") || "[]") as LocalPlay[];
      return Object.fromEntries(kept.map((one) => [one.round, one]));
    } catch {
      return {};
    }
  }
}
