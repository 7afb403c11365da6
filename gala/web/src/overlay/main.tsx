/**
 * The overlay: `/overlay#pass=…`, with `&lang=zh-CN` for its words and `#stage` for a sketched stage behind it.
 * The fragment stays in the address: a vision mixer's browser comes back to it, and it is never sent to a server.
 */
import { render } from "preact";
import "../brand/tokens.css";
import "./overlay.css";
import { browserDrawer } from "../wire/drawer.ts";
import { goOnAir } from "./air.ts";
import { Picture } from "./picture.tsx";

const WIDTH = 1920;

const page = document.getElementById("page");
if (!page) throw new Error("overlay.html has no #page");
const asked = new URLSearchParams(location.hash.replace(/^#/, ""));
const pass = asked.get("pass") ?? "";
const staged = asked.has("stage");
addEventListener("hashchange", () => location.reload());

if (staged) {
  document.body.classList.add("stage");
  const fit = (): void => {
    document.body.style.transform = `scale(${Math.min(1, innerWidth / WIDTH)})`;
  };
  fit();
  addEventListener("resize", fit);
}
if (pass) {
  const air = goOnAir(pass, browserDrawer(), Math.random, Date.now, () => performance.now());
  // A refusal is for whoever sets the overlay up, in the mixer's log; it never goes on air.
  air.link.subscribe((now) => now.reason && console.warn(`gala overlay: ${now.reason}`));
  render(<Picture air={air} lang={asked.get("lang") ?? ""} staged={staged} />, page);
} else {
  console.warn("gala overlay: no pass came with this address; make one with `gala pass --role overlay`");
  render(
    <main>
      <h1 class="sr">Overlay</h1>
    </main>,
    page,
  );
}
