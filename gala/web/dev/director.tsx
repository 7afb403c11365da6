/** The console over a desk that never moves: `?state=NAME`, `&link=down`, `&press=go,…`, `&answer=stale`. Never built. */
import { render } from "preact";
import "../src/brand/tokens.css";
import "../src/director/booth.css";
import { App, NoPass } from "../src/director/app.tsx";
import type { Answer } from "../src/director/calls.ts";
import { openConsole } from "../src/director/console.ts";
import { type Key } from "../src/director/press.ts";
import { complete } from "../src/wire/complete.ts";
import { DESKS } from "./desks.ts";

const asked = new URLSearchParams(location.search);
const page = document.getElementById("page")!;
const desk = DESKS[asked.get("state") ?? "live"]?.();

function answer(): Promise<Answer> {
  const kind = asked.get("answer") ?? "never";
  if (kind === "never") return new Promise(() => undefined);
  const show = desk && { ...desk, version: 220, standby: "seg-5.reveal" };
  show?.as_run.unshift(
    { version: 220, at_ms: desk!.now_ms - 300, by: "Tomás", what: "go 5.4 settle" },
    { version: 219, at_ms: desk!.now_ms - 2_000, by: "conductor", what: "5.3 lock" },
  );
  const reply = complete("CueReply", { reason: kind === "stale" ? "stale" : "not_locked", version: 220, show });
  return Promise.resolve(kind === "lost" ? { kind: "lost" } : kind === "stale" ? { kind, reply } : { kind: "refused", reply });
}

if (!desk) render(<NoPass why="No pass came with this link." />, page);
else {
  const director = openConsole({ call: answer, id: () => "fixture", console: "k7mq2xra" }, performance.now() - 1_000);
  const up = asked.get("link") !== "down";
  director.hearLink({ state: "up", reason: "", tries: 0, next_at_ms: 0, queue: null });
  director.hearDesk(desk, performance.now() - 1_000);
  director.tick(performance.now());
  if (!up) director.hearLink({ state: "down", reason: "", tries: 3, next_at_ms: 0, queue: null });
  render(<App console={director} />, page);
  for (const key of (asked.get("press") ?? "").split(",")) if (key) director.press(key as Key, performance.now());
  if (asked.has("run")) setInterval(() => director.tick(performance.now()), 200);
}
