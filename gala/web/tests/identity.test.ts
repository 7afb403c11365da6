// For whom a phone plays, and what it works for its number. Vectors of the work are those of tests/gala/test_admission.py.
import { describe, expect, test } from "vitest";
import { askPass, holder, Identity, takeToken, type Joined } from "../src/viewer/identity.ts";
import { solve, zeroBits } from "../src/wire/work.ts";
import type { Drawer } from "../src/wire/drawer.ts";

const pass = (claims: object): string => `h.${btoa(JSON.stringify({ sub: "v", show: "s", ...claims })).replace(/=+$/, "")}.sig`;
const [nobody, seated] = [pass({}), pass({ num: 7 })];
const [ann, annSeated, bob] = [pass({ acc: "a1" }), pass({ acc: "a1", num: 9 }), pass({ acc: "b2" })];

function phone(held: string, answer: Joined): { identity: Identity; became: string[] } {
  const became: string[] = [];
  const drawer = { get: () => held } as unknown as Drawer;
  return { identity: new Identity(drawer, (one) => became.push(one), () => Promise.resolve(answer)), became };
}

describe("a token of the host app", () => {
  test("is taken up without a word where nothing is lost by it", async () => {
    for (const held of ["", nobody, ann]) {
      const { identity, became } = phone(held, { pass: bob });
      expect(await identity.join("t")).toBe("");
      expect(became).toEqual([bob]);
      expect(identity.state.value).toBe("");
    }
  });

  test("of the account that this phone plays for changes nothing", async () => {
    for (const held of [ann, annSeated]) {
      const { identity, became } = phone(held, { pass: ann });
      expect(await identity.join("t")).toBe("");
      expect(became).toEqual([]);
    }
  });

  test.each([
    [seated, true, [bob]],
    [annSeated, true, [bob]],
    [annSeated, false, []],
  ])("never takes a number from a phone unless its viewer says so", async (held, yes, expected) => {
    const { identity, became } = phone(held, { pass: bob });
    expect(await identity.join("t")).toBe("asked");
    expect([identity.state.value, became]).toEqual(["asks", []]);
    identity.decide(yes);
    expect([identity.state.value, became]).toEqual(["", expected]);
  });

  test("that is refused is told, and one that reached nobody is not", async () => {
    const { identity, became } = phone(nobody, { reason: "bad_token" });
    expect(await identity.join("t")).toBe("bad_token");
    expect([identity.state.value, became]).toEqual(["refused", []]);
    const away = phone(nobody, { reason: "no_link" });
    expect(await away.identity.join("t")).toBe("no_link");
    expect(away.identity.state.value).toBe("");
  });

  test("leaves the address at once", () => {
    const place = { hash: "#token=x.y.z", pathname: "/", search: "?channel=app" } as Location;
    const told: string[] = [];
    const past = { state: null, replaceState: (_: unknown, __: string, url: string) => told.push(url) } as unknown as History;
    expect(takeToken(place, past)).toBe("x.y.z");
    expect(takeToken({ ...place, hash: "#wallet" }, past)).toBe("");
    expect(told).toEqual(["/?channel=app"]);
  });

  test("is asked about again while nobody answers, and not for ever", async () => {
    const waits: number[] = [];
    const kept = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new Error("no network"));
    try {
      expect(await askPass("t", (ms) => (waits.push(ms), Promise.resolve()))).toEqual({ reason: "no_link" });
    } finally {
      globalThis.fetch = kept;
    }
    expect(waits).toEqual([1000, 3000, 9000]);
  });

  test("whose pass cannot be read is nobody's", () => {
    for (const rubbish of ["", "x", "a.b.c", "..", "a.e30.c"]) expect(holder(rubbish)).toEqual({ account: "", number: -1 });
  });
});

describe("the work for a number", () => {
  test("is the first text with so many zero bits, as the service counts them", () => {
    expect(solve({ challenge: "00", bits: 8 })).toBe("42");
    expect(solve({ challenge: "00", bits: 12 })).toBe("280");
    expect(zeroBits("00", "280")).toBeGreaterThanOrEqual(12);
    expect(solve({ challenge: "00", bits: 0 })).toBe("0");
  });
});
