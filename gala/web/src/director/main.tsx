/** The director's page: takes the pass, opens the line, ticks the clock. */
import { render } from "preact";
import "../brand/tokens.css";
import "./booth.css";
import { App, NoPass } from "./app.tsx";
import { call } from "./calls.ts";
import { openConsole } from "./console.ts";
import { openLink } from "./link.ts";
import { forgetPass, takePass } from "./pass.ts";
import { takeSeat } from "./seat.ts";

/** Five times a second: seconds never skip, and a console on a tablet stays cool. */
const TICK_MS = 200;

const page = document.getElementById("page");
if (!page) throw new Error("director.html has no #page");
const pass = takePass(location, history, sessionStorage);
// A second link opened in this tab changes only the fragment, which reloads nothing by itself.
addEventListener("hashchange", () => {
  if (location.hash.includes("pass=")) location.reload();
});

if (pass) {
  const wire = { fetch: fetch.bind(window), pause: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) };
  const director = openConsole(
    { call: (cue, tried) => call(wire, pass, cue, tried), id: newId, console: takeSeat(sessionStorage, random) },
    performance.now(),
  );
  openLink(pass, director);
  director.turnedAway.subscribe((why) => why && forgetPass(sessionStorage));
  setInterval(() => director.tick(performance.now()), TICK_MS);
  render(<App console={director} />, page);
} else {
  render(<NoPass why="No pass came with this link." />, page);
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A random UUID. Not `crypto.randomUUID`: that needs https, and a booth's network often has none. */
function newId(): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
