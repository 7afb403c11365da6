import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import type { CuePost, CueReply } from "../src/protocol.gen.ts";
import type { Answer } from "../src/director/calls.ts";
import { openConsole } from "../src/director/console.ts";
import type { Desk } from "../src/director/desk.ts";

const REPLY: CueReply = { version: 0, reason: "", detail: "", show: null };

/** A console over a desk, whose cues are answered by hand. */
function on(name: string, more: Partial<Desk> = {}) {
  const sent: CuePost[] = [];
  const answers: ((answer: Answer) => void)[] = [];
  let made = 0;
  const console = openConsole(
    {
      call: (cue) => {
        sent.push(cue);
        return new Promise((answer) => answers.push(answer));
      },
      id: () => `press-${(made += 1)}`,
      console: "here",
    },
    0,
  );
  const desk: Desk = { ...DESKS[name]!(), ...more };
  console.hearLink({ state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null });
  console.hearDesk(desk, 0);
  const answer = async (kind: Answer): Promise<void> => {
    answers.shift()!(kind);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { console, desk, sent, answer };
}

test("the second of a double click fires nothing, also when the answer was faster than the finger", async () => {
  const { console, desk, sent, answer } = on("before");
  console.press("go", 1_000);
  await answer({ kind: "done", reply: { ...REPLY, version: 2, show: { ...desk, version: 2, standby: "seg-1.end" } } });
  console.press("go", 1_200);
  expect(sent.length).toBe(1);
  expect(console.notice.value).toBeNull();
});

test("GO as another console changes standby sends nothing and says who was first", () => {
  const { console, desk, sent } = on("before");
  const line = { version: 2, at_ms: desk.now_ms, by: "director Tomás", what: "start · Opening" };
  console.hearDesk({ ...desk, version: 2, standby: "seg-1.end", as_run: [line] }, 2_000);
  console.press("go", 2_100);
  expect(sent).toEqual([]);
  expect(console.notice.value?.lines[0]).toContain("Tomás");
  console.press("go", 2_600);
  expect(sent[0]?.expect).toEqual({ standby: "seg-1.end" });
});

test("two presses in a row are one cue, with one id, and say which cue they mean", async () => {
  const { console, sent, answer } = on("before");
  console.press("go", 1_000);
  console.press("go", 1_000);
  expect(sent).toEqual([
    { id: "press-1", console: "here", cue: "go", expect: { standby: "seg-1.start" }, target: "", outcome: "", reason: "", commitment: "", draw: 0, party: "", r: "", signature: "", factor_bp: 0, ms: 0, other: "", at_ms: 0 },
  ]);
  await answer({ kind: "done", reply: REPLY });
  expect(console.ready.value).toBe(true);
});

test("without a link nothing is sent, and the page says so", () => {
  const { console, sent } = on("before");
  console.hearLink({ state: "down", reason: "", tries: 1, next_at_ms: 0, queue: null });
  console.press("go", 1_000);
  console.press("hold", 1_000);
  expect(sent).toEqual([]);
  expect(console.notice.value?.title).toContain("No link");
});

test("settling needs an outcome, and sends it with the cue it settles", () => {
  const { console, sent } = on("settle");
  console.press("go", 1_000);
  expect([console.sheet.value?.is, sent.length]).toEqual(["settle", 0]);
  console.confirm({});
  expect([console.sheet.value?.is, sent.length]).toEqual(["settle", 0]);
  console.confirm({ outcome: "comets" });
  expect(sent[0]).toMatchObject({ cue: "go", outcome: "comets", expect: { standby: "seg-5.settle" } });
});

test("a question closes itself when the show moves on under it, and nothing is sent", () => {
  const { console, desk, sent } = on("reveal");
  console.press("go", 1_000);
  console.hearDesk({ ...desk, version: desk.version + 1, standby: "seg-6.start" }, 10);
  expect(console.sheet.value).toBeNull();
  expect(console.notice.value?.lines.join()).toContain("6.1");
  console.confirm({});
  expect(sent).toEqual([]);
});

test("stale shows what happened and by whom, and is not sent again", async () => {
  const { console, desk, sent, answer } = on("before");
  console.press("go", 1_000);
  const show: Desk = {
    ...desk,
    version: 2,
    standby: "seg-1.end",
    as_run: [{ version: 2, at_ms: desk.now_ms, by: "director Tomás", what: "start · Opening" }],
  };
  await answer({ kind: "stale", reply: { ...REPLY, show } });
  expect(console.notice.value?.lines).toEqual([
    "start · Opening, 19:24:30, Tomás",
    "Now on standby: 1.2 Goes off air, Opening.",
  ]);
  expect(console.desk.value?.version).toBe(2);
  expect(sent.length).toBe(1);
});

test("a refusal is said in words", async () => {
  const { console, answer } = on("before");
  console.press("go", 1_000);
  await answer({ kind: "refused", reply: { ...REPLY, reason: "round_open" } });
  expect(console.notice.value?.title).toContain("a round is still open");
});

test("voiding names the round's generation of now, so that a hold in between makes nothing stale", () => {
  const { console, desk, sent } = on("live");
  console.press("void", 1_000);
  const rounds = desk.rounds.map((round) => ({ ...round, generation: 3 }));
  console.hearDesk({ ...desk, version: desk.version + 2, rounds }, 10);
  console.confirm({ reason: "the wrong question" });
  expect(sent[0]).toMatchObject({
    cue: "void",
    reason: "the wrong question",
    expect: { round: "gala/seg-5/1", generation: 3 },
  });
});

test("an older desk of the same epoch never replaces a newer one", () => {
  const { console, desk } = on("live");
  console.hearDesk({ ...desk, version: desk.version - 1, online: 1 }, 10);
  expect(console.desk.value?.online).toBe(desk.online);
  console.hearDesk({ ...desk, epoch: "another", version: 1, online: 2 }, 20);
  expect(console.desk.value?.online).toBe(2);
});

test("gala time goes on between desks at the rehearsal's pace", () => {
  const { console, desk } = on("live", { rate: 8 });
  console.tick(1_000);
  expect(console.now.value).toBe(desk.now_ms + 8_000);
});

test("looking ahead ends when what was looked at is done", () => {
  const { console, desk } = on("live");
  console.lookAt("seg-5.lock");
  const segments = desk.segments.map((segment) => ({
    ...segment,
    cues: segment.cues.map((cue) => (cue.id === "seg-5.lock" ? { ...cue, state: "done" as const } : cue)),
  }));
  console.hearDesk({ ...desk, version: desk.version + 1, segments }, 10);
  expect(console.look.value).toBe("");
});

test("M asks first, and confirmed doubles the points of the round that was asked about for a minute", () => {
  const { console, sent } = on("boost");
  console.press("multiply", 1_000);
  expect(console.sheet.value?.is).toBe("multiply");
  expect(sent).toEqual([]);
  console.confirm({});
  expect(sent).toMatchObject([
    { cue: "multiply", target: "gala/seg-9/1", factor_bp: 20_000, ms: 60_000, expect: { round: "gala/seg-9/1" } },
  ]);
});

test("M asked about a boost that somebody else doubled meanwhile sends nothing", () => {
  const { console, desk, sent } = on("boost");
  console.press("multiply", 1_000);
  const rounds = desk.rounds.map((round) => ({ ...round, factor_bp: 20_000, spell_until_at_ms: desk.now_ms + 60_000 }));
  console.hearDesk({ ...desk, version: desk.version + 1, rounds }, 1_200);
  console.confirm({});
  expect(sent).toEqual([]);
  expect(console.notice.value?.is).toBe("stale");
});

test("M without an open boost says why it does nothing", () => {
  const { console, sent } = on("live");
  console.press("multiply", 1_000);
  expect(console.sheet.value).toBeNull();
  expect(console.notice.value?.is).toBe("hint");
  expect(sent).toEqual([]);
});

test("an override needs a reason, which goes with the cue", () => {
  const { console, sent } = on("override");
  console.press("go", 1_000);
  expect(console.sheet.value?.is).toBe("override");
  console.confirm({ reason: "  " });
  expect(sent).toEqual([]);
  console.confirm({ reason: "abroad has a show of its own" });
  expect(sent).toMatchObject([
    { cue: "go", reason: "abroad has a show of its own", expect: { standby: "seg-5.open" } },
  ]);
});

test("an override that is no longer needed sends nothing", () => {
  const { console, desk, sent } = on("override");
  console.press("go", 1_000);
  const segments = desk.segments.map((segment) => ({
    ...segment,
    cues: segment.cues.map((cue) => (cue.needs === "reason" ? { ...cue, needs: "" as const } : cue)),
  }));
  console.hearDesk({ ...desk, version: desk.version + 1, segments }, 1_200);
  console.confirm({ reason: "r" });
  expect(sent).toEqual([]);
  expect(console.notice.value?.is).toBe("stale");
});

test("the kill switch asks for its reason, and goes out while another cue is on its way", () => {
  const { console, sent } = on("live");
  console.press("hold", 1_000);
  expect(console.ready.value).toBe(false);
  console.press("kill", 1_010);
  expect(console.sheet.value?.is).toBe("kill");
  console.confirm({});
  expect(sent.length).toBe(1);
  console.confirm({ reason: "Danger in the hall" });
  console.press("kill", 1_020); // on its way: once is enough
  expect(sent).toMatchObject([{ cue: "hold" }, { cue: "kill", reason: "Danger in the hall" }]);
  expect(console.sheet.value).toBeNull();
});

test("after the kill switch RESUME asks first, and X says since when it is on", () => {
  const { console, sent } = on("killed");
  console.press("kill", 1_000);
  expect(console.notice.value?.title).toContain("20:10:38");
  console.press("go", 1_000);
  expect([console.sheet.value?.is, sent.length]).toEqual(["revive", 0]);
  console.confirm({});
  expect(sent).toMatchObject([{ cue: "resume" }]);
});

test("a lock is moved once a press, with the round's generation, so that a press too late is stale", async () => {
  const { console, desk, sent, answer } = on("live");
  console.press("later", 1_000);
  const moved = desk.rounds.map((round) => ({ ...round, closes_at_ms: round.closes_at_ms + 5_000, generation: 2 }));
  await answer({ kind: "done", reply: { ...REPLY, show: { ...desk, version: desk.version + 1, rounds: moved } } });
  expect(console.desk.value?.rounds[0]?.closes_at_ms).toBe(desk.rounds[0]!.closes_at_ms + 5_000);
  console.press("later", 1_100); // the second of a double press
  console.extend(15_000, 2_000);
  expect(sent).toMatchObject([
    { cue: "extend", target: "gala/seg-5/1", ms: 5_000, expect: { round: "gala/seg-5/1", generation: 1 } },
    { cue: "extend", target: "gala/seg-5/1", ms: 15_000, expect: { round: "gala/seg-5/1", generation: 2 } },
  ]);
});

test("A asks phones for the clap, and is the clap once they watch and the finger is off the first press", async () => {
  const { console, desk, sent, answer } = on("live");
  console.press("clap", 1_000);
  await answer({ kind: "done", reply: REPLY });
  console.hearDesk({ ...desk, version: desk.version + 1, clap: { asked_at_ms: desk.now_ms, at_ms: 0 } }, 1_050);
  console.press("clap", 1_200);
  expect(sent.length).toBe(1);
  console.press("clap", 3_000);
  expect(sent.map((cue) => cue.cue)).toEqual(["ask_clap", "clap"]);
});

test("a channel is tuned to what was said, unless somebody else tuned it meanwhile", () => {
  const { console, desk, sent } = on("live");
  console.ask({ is: "tune", channel: "cable", delay_ms: 20_000 });
  console.confirm({ delay_ms: 20_500 });
  expect(sent).toMatchObject([{ cue: "delay", target: "cable", delay_ms: 20_500 }]);
  const other = on("live");
  other.console.ask({ is: "tune", channel: "cable", delay_ms: 20_000 });
  const channels = desk.channels.map((one) => (one.channel === "cable" ? { ...one, delay_ms: 24_000 } : one));
  other.console.hearDesk({ ...desk, version: desk.version + 1, channels }, 10);
  other.console.confirm({ delay_ms: 20_500 });
  expect(other.sent).toEqual([]);
});

test("what is tied to the clock is moved and swapped with a reason only", () => {
  const { console, desk, sent } = on("midnight");
  console.lookAt("seg-14.start");
  console.press("retime", 1_000);
  const due = desk.segments[13]!.cues[0]!.due_at_ms;
  console.confirm({ at_ms: due + 30_000 });
  expect(sent).toEqual([]);
  console.confirm({ at_ms: due + 30_000, reason: "the bells are late" });
  expect(sent).toMatchObject([
    { cue: "retime", target: "seg-14.start", at_ms: due + 30_000, reason: "the bells are late", expect: { version: 218 } },
  ]);
});

test("a swap is sent as it was shown, and not once something of it has begun", () => {
  const { console, desk, sent } = on("live");
  console.press("swap", 1_000);
  const segments = desk.segments.map((one) => (one.id === "seg-6" ? { ...one, state: "on_air" as const } : one));
  console.hearDesk({ ...desk, version: desk.version + 1, segments }, 1_200);
  console.confirm({ target: "seg-6", other: "seg-7" });
  expect(sent).toEqual([]);
  console.press("swap", 2_000);
  console.confirm({ target: "seg-7", other: "seg-8" });
  expect(sent).toMatchObject([{ cue: "swap", target: "seg-7", other: "seg-8", expect: { version: desk.version + 1 } }]);
});

test("N asks before it voids the draw to come, and sends its number and the reason", () => {
  const { console, sent } = on("armed");
  console.press("void_draw", 1_000);
  expect(console.sheet.value?.is).toBe("void_draw");
  console.confirm({ reason: "misprinted" });
  expect(sent).toEqual([]);
  console.confirm({ reason: "misprinted", typed: "VOID 1" });
  expect(sent.map(({ cue, draw, reason }) => ({ cue, draw, reason }))).toEqual([{ cue: "void_draw", draw: 1, reason: "misprinted" }]);
});

test("N voids nothing once the reveals are closed, and says who decides", () => {
  const { console, sent } = on("frozen");
  console.press("void_draw", 1_000);
  expect(console.sheet.value).toBeNull();
  expect(console.notice.value?.title).toContain("the beacon decides");
  expect(sent).toEqual([]);
});
