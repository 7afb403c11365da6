import { expect, test } from "vitest";
import { DESKS } from "../dev/desks.ts";
import { complete } from "../src/wire/complete.ts";
import type { CuePost } from "../src/protocol.gen.ts";
import type { Answer } from "../src/director/calls.ts";
import { openConsole } from "../src/director/console.ts";
import type { Caller, Desk } from "../src/director/desk.ts";
import type { Key } from "../src/director/press.ts";
import { takeSeat } from "../src/director/seat.ts";

const HERE = "here";

/** A console at which somebody sits, over a desk whose call is `caller`'s. */
function at(caller: Caller | null) {
  const sent: CuePost[] = [];
  const answers: ((answer: Answer) => void)[] = [];
  const call = (cue: CuePost): Promise<Answer> => {
    sent.push(cue);
    return new Promise((answer) => answers.push(answer));
  };
  const console = openConsole({ call, id: () => "press", console: HERE }, 0);
  const desk: Desk = { ...DESKS["live"]!(), caller };
  console.hearLink({ state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null });
  console.hearDesk(desk, 0);
  const moved = (more: Partial<Desk>): void => console.hearDesk({ ...desk, version: desk.version + 1, ...more }, 5_000);
  return { console, desk, sent, answers, moved };
}

const by = (console: string, name: string): Caller => ({ console, by: `director ${name}`, at_ms: Date.parse("2019-11-10T20:31:07+08:00") });
const TOMAS = by("there", "Tomás");
const ACTS: Key[] = ["go", "standby", "hold", "skip", "swap", "reveal", "void", "void_draw", "multiply", "earlier", "later", "retime", "tune", "clap"];

test("whoever watches sends nothing by any key, and is told who has the call", () => {
  const { console, sent } = at(TOMAS);
  expect(console.ready.value).toBe(false);
  for (const [i, key] of ACTS.entries()) console.press(key, 1_000 * (i + 1));
  console.extend(5_000, 60_000);
  console.ask({ is: "revive" });
  expect([sent, console.sheet.value]).toEqual([[], null]);
  expect(console.notice.value?.title).toBe("Tomás took the call at 20:31:07. You are watching: B takes it.");
});

test("the caller and, before anybody has the call, everyone presses", () => {
  for (const caller of [null, by(HERE, "Mei")]) {
    const { console, sent } = at(caller);
    console.press("hold", 1_000);
    expect(sent).toMatchObject([{ cue: "hold", console: HERE }]);
  }
});

test("the kill switch is sent by whoever watches", () => {
  const { console, sent } = at(TOMAS);
  console.press("kill", 1_000);
  console.confirm({ reason: "smoke" });
  expect(sent).toMatchObject([{ cue: "kill", reason: "smoke" }]);
});

test("B asks, and confirmed takes the call from whom it was seen with", () => {
  const { console, sent } = at(TOMAS);
  console.press("call", 1_000);
  expect([console.sheet.value, sent]).toEqual([{ is: "call", from: "there" }, []]);
  console.confirm({});
  expect(sent).toMatchObject([{ cue: "call", console: HERE, expect: { caller: "there" } }]);
});

test("B where one has the call already says so", () => {
  const { console } = at(by(HERE, "Mei"));
  console.press("call", 1_000);
  expect([console.sheet.value, console.notice.value?.title]).toEqual([null, "This console has the call."]);
});

test("the call taken elsewhere ends a question at once, and nothing of it is sent", () => {
  const { console, sent, moved } = at(by(HERE, "Mei"));
  console.press("kill", 1_000);
  moved({ caller: TOMAS });
  expect(console.sheet.value?.is).toBe("kill");
  console.dismiss();
  moved({ caller: by(HERE, "Mei"), version: 900 });
  console.press("skip", 2_000);
  expect(console.sheet.value?.is).toBe("skip");
  moved({ caller: TOMAS, version: 901 });
  expect([console.sheet.value, console.watching.value, sent]).toEqual([null, TOMAS, []]);
  expect(console.notice.value?.title).toBe("Tomás took the call at 20:31:07. You are watching.");
});

test("of two who are asked at once, the one who comes second is told instead of taking it from the first", () => {
  const { console, moved, sent } = at(TOMAS);
  console.press("call", 1_000);
  moved({ caller: by("third", "Ada") });
  expect([console.sheet.value, sent]).toEqual([null, []]);
});

test("a press that crossed the call is refused in words, with the desk of now", async () => {
  const { console, desk, answers } = at(by(HERE, "Mei"));
  console.press("hold", 1_000);
  const show = { ...desk, version: desk.version + 1, caller: TOMAS };
  const reply = complete("CueReply", { reason: "not_caller", detail: "Tomás took the call at 20:31:07", show });
  answers.shift()!({ kind: "refused", reply });
  await Promise.resolve();
  await Promise.resolve();
  expect(console.notice.value?.title).toContain("another console has the call");
  expect(console.watching.value).toEqual(TOMAS);
});

test("a tab loaded again is the same console, another tab is another", () => {
  const tab = (): Storage => {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) } as unknown as Storage;
  };
  let made = 0;
  const random = (length: number): Uint8Array => new Uint8Array(length).fill((made += 1));
  const one = tab();
  const first = takeSeat(one, random);
  expect(takeSeat(one, random)).toBe(first);
  expect(takeSeat(tab(), random)).not.toBe(first);
  expect(first).toMatch(/^[a-z0-9]{8}$/);
});
