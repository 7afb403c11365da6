/** A real HTTP service that loses replies, is not itself, or says no; `pause` does not wait. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { CuePost } from "../src/protocol.gen.ts";
import { ATTEMPTS, call } from "../src/director/calls.ts";

const CUE: CuePost = { id: "press-1", cue: "go", expect: { standby: "a.open" }, target: "", outcome: "", reason: "", factor_bp: 0, ms: 0, other: "", at_ms: 0, draw: 0, party: "", commitment: "", r: "", signature: "", console: "here" };

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

type Reply = (response: ServerResponse, request: IncomingMessage) => void;
const say =
  (status: number, body: object): Reply =>
  (response) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
const cutOff: Reply = (response) => response.destroy();

async function against(replies: Reply[], cue = CUE) {
  const seen: CuePost[] = [];
  const passes: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      passes.push(request.headers.authorization);
      (replies[Math.min(seen.length, replies.length - 1)] ?? cutOff)(response, request);
      seen.push(JSON.parse(body) as CuePost);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing.push(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const wire = {
    fetch: ((path: string, init: RequestInit) => fetch(origin + path, init)) as typeof fetch,
    pause: () => Promise.resolve(),
  };
  return { answer: await call(wire, "PASS", cue, () => undefined), seen, passes };
}

test("a lost reply is asked for again with the same id, so that it is one transition", async () => {
  const { answer, seen, passes } = await against([cutOff, cutOff, say(200, { version: 7 })]);
  expect(answer.kind).toBe("done");
  expect(seen.map((cue) => cue.id)).toEqual(["press-1", "press-1", "press-1"]);
  expect(seen[0]).toEqual(CUE);
  expect(passes[0]).toBe("Bearer PASS");
});

test("a service that is not itself is asked again", async () => {
  const { answer, seen } = await against([say(503, { reason: "retry" }), say(200, { version: 7 })]);
  expect([answer.kind, seen.length]).toEqual(["done", 2]);
});

test("stale is an answer: nothing is sent again", async () => {
  const { answer, seen } = await against([say(409, { reason: "stale", version: 9 })]);
  expect([answer.kind, seen.length]).toEqual(["stale", 1]);
});

test("a refusal is an answer, with its reason and every default in place", async () => {
  const { answer, seen } = await against([say(422, { reason: "not_locked" })]);
  expect(answer).toEqual({ kind: "refused", reply: { version: 0, reason: "not_locked", detail: "", show: null } });
  expect(seen.length).toBe(1);
});

test("a pass that has run out is told apart from one that may only watch", async () => {
  expect((await against([say(401, { reason: "bad_pass" })])).answer.kind).toBe("pass");
  expect((await against([say(403, { reason: "wrong_role" })])).answer.kind).toBe("refused");
});

test("a clap is sent once: later it would be another instant", async () => {
  const { answer, seen } = await against([cutOff], { ...CUE, cue: "clap" });
  expect([answer.kind, seen.length]).toEqual(["lost", 1]);
});

test("without any answer it gives up and says that it does not know", async () => {
  const { answer, seen } = await against([cutOff]);
  expect([answer.kind, seen.length]).toEqual(["lost", ATTEMPTS]);
});
