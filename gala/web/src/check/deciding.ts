/** `decided` beside a page: pairings take a phone a second, and the page stays alive. */
import { Failed } from "./bytes.ts";
import { decided, type Decided } from "./decided.ts";
import { served } from "./sources.ts";

/** base: where the published files are; key: the log's; result: the leaf's text. */
export interface Asked {
  base: string;
  key: string;
  draw: number;
  result: string;
}

/** away: the files did not come; that is no verdict */
export type Told = { tells: "decided"; decided: Decided } | { tells: "not"; why: string } | { tells: "away" };

/** A bundle that is being refreshed does not fit together for a moment: what fails is looked at once more. */
const AGAIN_MS = 3_000;

async function answer({ base, key, draw, result }: Asked): Promise<Told> {
  try {
    const files = await served(base);
    return files === null ? { tells: "away" } : { tells: "decided", decided: await decided(files, key, draw, result) };
  } catch (problem) {
    return problem instanceof Failed ? { tells: "not", why: problem.message } : { tells: "away" };
  }
}

async function steadily(asked: Asked): Promise<Told> {
  const told = await answer(asked);
  if (told.tells !== "not") return told;
  await new Promise((over) => setTimeout(over, AGAIN_MS));
  return answer(asked);
}

addEventListener("message", ({ data }: MessageEvent<Asked>) => void steadily(data).then((told) => postMessage(told)));
