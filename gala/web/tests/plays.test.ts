// A play from tap to answer, with a drawer in memory and a service that answers as the test says.
import { describe, expect, test } from "vitest";
import type { Mine, Play, PlayReply, RoundMine } from "../src/protocol.gen.ts";
import { complete } from "../src/wire/complete.ts";
import type { Drawer } from "../src/wire/drawer.ts";
import { Plays } from "../src/wire/plays.ts";

const ROUND = "gala/tetris/1";

class Tab {
  up = true;
  now_ms = 5000;
  readonly sent: Play[] = [];
  readonly waiting: [after_ms: number, run: () => void][] = [];
  readonly told: [string, RoundMine][] = [];
  private answers: ((reply: Partial<PlayReply> | null) => void)[] = [];
  readonly plays: Plays;

  constructor(drawer: Drawer) {
    this.plays = new Plays(
      drawer,
      (play) => {
        this.sent.push(play);
        return new Promise((good, bad) => {
          this.answers.push((reply) => (reply ? good(complete("PlayReply", reply)) : bad(new Error("no answer"))));
        });
      },
      () => this.up,
      (run, after_ms) => this.waiting.push([after_ms, run]),
      (round, slot) => this.told.push([round, slot]),
      () => this.now_ms,
    );
  }

  async answer(reply: Partial<PlayReply> | null): Promise<void> {
    this.answers.shift()?.(reply);
    await new Promise((done) => setImmediate(done));
  }

  later(): number {
    const [after_ms, run] = this.waiting.shift() ?? [-1, () => undefined];
    run();
    return after_ms;
  }

  vote(choice: string, mine?: RoundMine): void {
    this.plays.make(ROUND, { choices: [choice] }, choice, "Tetris", mine);
  }

  get status(): string | undefined {
    return this.plays.all.value[ROUND]?.status;
  }
}

/** One phone's drawer; every tab hears of the others' changes. */
function drawerFor(): () => Drawer {
  const kept = new Map<string, string>();
  const tabs: { tab: object; changed: (name: string) => void }[] = [];
  return () => {
    const tab = {};
    return {
      get: (name) => kept.get(name) ?? "",
      set: (name, value) => {
        kept.set(name, value);
        for (const other of tabs) if (other.tab !== tab) other.changed(name);
      },
      watch: (changed) => tabs.push({ tab, changed }),
    };
  };
}

const slot = (seq: number, choice: string): RoundMine => ({ seq, has: { choices: [choice] }, entries: 0 });
const mineOf = (held: RoundMine): Mine => complete("Mine", { rounds: { [ROUND]: held } });

describe("a play", () => {
  test("is called counted only after the service said so", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("comets");
    expect(tab.status).toBe("sending");
    expect(tab.sent).toEqual([{ round: ROUND, seq: 1, at_ms: 5000, move: { choices: ["comets"] } }]);
    await tab.answer({ status: "counted", mine: slot(1, "comets") });
    expect(tab.status).toBe("counted");
    expect(tab.told).toEqual([[ROUND, slot(1, "comets")]]);
  });

  test("goes out again with the same seq when no answer came, and a resend's `already` is our own count", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("comets");
    await tab.answer(null);
    expect(tab.status).toBe("sending");
    expect(tab.later()).toBe(500);
    expect(tab.sent.map((play) => play.seq)).toEqual([1, 1]);
    await tab.answer({ status: "already", mine: slot(1, "comets") });
    expect(tab.status).toBe("counted");
  });

  test("says when it was made however often and late it goes out, through a reload too", async () => {
    const drawer = drawerFor();
    const tab = new Tab(drawer());
    tab.vote("comets");
    tab.now_ms = 9000;
    await tab.answer(null);
    tab.later();
    const reloaded = new Tab(drawer());
    reloaded.now_ms = 12_000;
    reloaded.plays.resume();
    expect([...tab.sent, ...reloaded.sent].map((play) => play.at_ms)).toEqual([5000, 5000, 5000]);
  });

  test("waits as long as the service asks before it tries again", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("comets");
    await tab.answer({ status: "retry", retry_after_ms: 1700 });
    expect(tab.status).toBe("sending");
    expect(tab.later()).toBe(1700);
    expect(tab.sent).toHaveLength(2);
  });

  test("is kept while there is no link and sent when it is back", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("comets");
    tab.up = false;
    tab.plays.interrupt();
    expect(tab.status).toBe("kept");
    await tab.answer(null);
    tab.later();
    expect(tab.sent).toHaveLength(1);
    tab.up = true;
    tab.plays.resume();
    expect(tab.status).toBe("sending");
    await tab.answer({ status: "refused", reason: "locked" });
    expect(tab.plays.all.value[ROUND]).toMatchObject({ status: "refused", reason: "locked" });
  });

  test("survives a reload, and the page that comes back learns from `mine` that it was counted", () => {
    const drawer = drawerFor();
    new Tab(drawer()).vote("comets");
    const reloaded = new Tab(drawer());
    expect(reloaded.status).toBe("sending");
    reloaded.plays.learn(mineOf(slot(1, "comets")));
    expect(reloaded.status).toBe("counted");
  });

  test("that another device beat is shown as already counted, never as ours", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("harbour");
    await tab.answer({ status: "already", mine: slot(3, "comets") });
    expect(tab.status).toBe("already");
    expect(tab.told).toEqual([[ROUND, slot(3, "comets")]]);
  });

  test("numbers go on from what the service holds and from what another tab sent", async () => {
    const drawer = drawerFor();
    const [first, second] = [new Tab(drawer()), new Tab(drawer())];
    first.vote("comets", slot(4, "harbour"));
    second.vote("harbour", slot(4, "harbour"));
    expect(first.sent[0]?.seq).toBe(5);
    expect(second.sent[0]?.seq).toBe(6);
    await second.answer({ status: "counted", mine: slot(6, "harbour") });
    expect(first.told).toContainEqual([ROUND, slot(6, "harbour")]);
  });

  test("tapped while another is on its way goes out after it, and the newest tap is what stands", async () => {
    const tab = new Tab(drawerFor()());
    tab.vote("comets");
    tab.vote("harbour");
    expect(tab.sent).toHaveLength(1);
    await tab.answer({ status: "counted", mine: slot(1, "comets") });
    expect(tab.status).toBe("sending");
    expect(tab.later()).toBe(0);
    expect(tab.sent[1]).toMatchObject({ seq: 2, move: { choices: ["harbour"] } });
    await tab.answer({ status: "counted", mine: slot(2, "harbour") });
    expect(tab.status).toBe("counted");
  });

  test("of another viewer is forgotten; of an earlier epoch only what was settled is", () => {
    const drawer = drawerFor();
    const tab = new Tab(drawer());
    tab.plays.belong("ann", "one");
    tab.vote("comets");
    tab.plays.belong("ann", "two");
    expect(tab.status).toBe("sending");
    tab.plays.learn(mineOf(slot(1, "comets")));
    tab.plays.belong("ann", "three");
    expect(tab.status).toBeUndefined();
    tab.vote("comets");
    tab.plays.belong("anna", "three");
    expect(tab.status).toBeUndefined();
  });
});
