/** The console as a page: its columns, its keys, and what it says when it has no pass or no news yet. */
import { useEffect } from "preact/hooks";
import { ClapNow } from "./channels.tsx";
import type { Console } from "./console.ts";
import { Cues } from "./cues.tsx";
import { type Desk, onAir, roundOf } from "./desk.ts";
import { Controls } from "./controls.tsx";
import { Mark } from "../brand/mark.tsx";
import { DrawSteps, Live } from "./live.tsx";
import { Now, Windows } from "./onair.tsx";
import { keyOf } from "./press.ts";
import { Rundown } from "./rundown.tsx";
import { Sheets } from "./sheets.tsx";
import { Banners, Hints, Strip } from "./strip.tsx";

export function App({ console: c }: { console: Console }) {
  useEffect(() => listen(c), [c]);
  const away = c.turnedAway.value;
  if (away) return <NoPass why={away} />;
  const desk = c.desk.value;
  if (!desk) return <Waiting console={c} />;
  return (
    <div class={`console ${c.link.value.state === "up" ? "" : "cutoff"}`}>
      <Strip console={c} desk={desk} />
      <Banners console={c} desk={desk} />
      <main class="grid">
        <div class="cols">
          <Rundown console={c} desk={desk} />
          <div class="col centre">
            <Now console={c} desk={desk} />
            <div class="mid-scroll">
              <ClapNow console={c} desk={desk} />
              <Windows console={c} desk={desk} />
              {desk.draws
                .filter((draw) => draw.segment === desk.on_air)
                .map((draw) => (
                  <DrawSteps key={draw.draw} console={c} desk={desk} draw={draw} />
                ))}
              <Cues console={c} desk={desk} />
            </div>
          </div>
          <Live console={c} desk={desk} />
        </div>
        <Controls console={c} desk={desk} />
      </main>
      <Hints desk={desk} />
      <Sheets console={c} desk={desk} />
      <p class="sr" role="status">
        {spokenState(desk)}
      </p>
    </div>
  );
}

/** What a screen reader hears when it changes: the segment, the round's state, a hold. Never a running number. */
function spokenState(desk: Desk): string {
  const segment = onAir(desk);
  const held = desk.killed_at_ms > 0 ? "Killed: every screen is quiet." : desk.held_at_ms > 0 ? "Held." : "";
  if (!segment) return held || (desk.phase === "ended" ? "The show has ended." : "Nothing is on air.");
  const round = roundOf(desk, segment.id);
  return `On air: ${segment.label} ${segment.title}. ${round ? `Round ${round.state}.` : ""} ${held}`.trim();
}

/** Keys for the whole page. A question, a field and a focused button keep their own. */
function listen(c: Console): () => void {
  function keydown(event: KeyboardEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const press = event.key === " " || event.key === "Enter";
    if (event.repeat && press && target?.closest("button")) event.preventDefault(); // a held key is one press
    if (c.sheet.value || target?.closest("dialog, input, textarea, select, [contenteditable]")) return;
    if (press && target?.closest("button, a, summary")) return;
    if (event.repeat && (event.key === "ArrowUp" || event.key === "ArrowDown")) event.preventDefault();
    const key = keyOf(event);
    if (!key) {
      if (event.key === " ") event.preventDefault(); // a held Space must not scroll the page either
      return;
    }
    event.preventDefault();
    c.press(key, event.timeStamp);
  }
  // A mouse or a finger leaves no focus on a key, so that the next Space means GO and nothing else.
  function pointerdown(event: Event): void {
    if (event.target instanceof Element && event.target.closest("button")) event.preventDefault();
  }
  document.addEventListener("keydown", keydown);
  document.addEventListener("mousedown", pointerdown);
  return () => {
    document.removeEventListener("keydown", keydown);
    document.removeEventListener("mousedown", pointerdown);
  };
}

function Waiting({ console: c }: { console: Console }) {
  return (
    <main class="alone">
      <Mark />
      <h1>Director</h1>
      <p role="status">
        {c.link.value.state === "up" ? "Connected. Waiting for the desk…" : "Connecting to the service… this goes on by itself."}
      </p>
    </main>
  );
}

export function NoPass({ why }: { why: string }) {
  return (
    <main class="alone">
      <Mark />
      <h1>This console needs a director’s pass</h1>
      <p role="alert">{why}</p>
      <p>On the machine that runs the show, make one for each person:</p>
      <pre>
        <code>gala pass --role director --name NAME</code>
      </pre>
      <p class="dim">
        It prints a link ending in <code>/director#pass=…</code>. Open it in this tab. The pass stays in this tab only and
        leaves the address bar at once.
      </p>
    </main>
  );
}
