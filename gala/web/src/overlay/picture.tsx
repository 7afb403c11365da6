/** The picture: which scene is on, and in which words. */
import type { JSX } from "preact";
import type { Air } from "./air.ts";
import { Countdown, Draw, Join, Soon } from "./cards.tsx";
import { Boost, Hits, Rain, Vote } from "./meters.tsx";
import { sceneOf } from "./scene.ts";
import { AirWords } from "./words.ts";

export function Picture({ air, lang, staged }: { air: Air; lang: string; staged: boolean }): JSX.Element {
  const text = air.showText.value;
  const words = new AirWords(lang || text?.languages[0] || "en");
  document.documentElement.lang = words.lang;
  const show = air.show.value;
  return (
    <main>
      {shown(air, words) ?? <h1 class="sr">{words.t("onAir")}</h1>}
      {show?.rehearsal && <p class="rehearsal plate">{words.t("rehearsal")}</p>}
      {staged && air.link.value.reason && <p class="aside plate">{air.link.value.reason}</p>}
    </main>
  );
}

/** The scene, or null while there is nothing to show or its words are not here yet. */
function shown(air: Air, words: AirWords): JSX.Element | null {
  const scene = sceneOf(air.show.value, air.now_ms.value);
  const zone = air.showText.value?.zone ?? "UTC";
  switch (scene.kind) {
    case "nothing":
      return null;
    case "join":
      return <Join url={air.join_url.value} words={words} />;
    case "soon":
      return <Soon at_ms={scene.at_ms} left_ms={scene.left_ms} zone={zone} words={words} />;
    case "countdown":
      return <Countdown at_ms={scene.at_ms} left_ms={scene.left_ms} zone={zone} words={words} />;
    case "draw":
      return <Draw draw={scene.draw} now_ms={air.now_ms.value} words={words} />;
  }
  const text = air.segmentText.value;
  if (!text) return null;
  const meter = {
    round: scene.round,
    tally: air.tally.value,
    text,
    held: air.show.value?.held ?? false,
    now_ms: air.now_ms.value,
    zone,
    words,
  };
  switch (scene.kind) {
    case "vote":
      return <Vote {...meter} />;
    case "boost":
      return <Boost {...meter} />;
    case "hits":
      return <Hits {...meter} />;
    case "rain":
      return <Rain {...meter} />;
  }
}
