/** The verifier beside the page: it works for seconds, and the page stays alive. */
import type { Files } from "./manifest.ts";
import { chosen, served, type Chosen } from "./sources.ts";
import { verify, type Check, type Progress } from "./verify.ts";

/** What a page asks for: the published files, or those that somebody chose. key: as known from elsewhere, or empty. */
export interface Asked {
  from: { served: string } | { chosen: Chosen[] };
  key: string;
}

export type Told =
  | { tells: "check"; check: Check }
  | { tells: "progress"; progress: Progress }
  | { tells: "end"; good: boolean }
  | { tells: "unpublished" }
  | { tells: "trouble"; words: string };

const tell = (told: Told): void => postMessage(told);
const PROGRESS_STEPS = 100;

async function answer({ from, key }: Asked): Promise<void> {
  const files: Files | null = "served" in from ? await served(from.served) : await chosen(from.chosen);
  if (files === null) {
    tell({ tells: "unpublished" });
    return;
  }
  let shown = -1;
  const progress = (now: Progress): void => {
    const step = Math.floor((now.done / Math.max(1, now.of)) * PROGRESS_STEPS);
    if (step !== shown) tell({ tells: "progress", progress: now });
    shown = step;
  };
  let good = true;
  for await (const check of verify(files, key, progress)) {
    good &&= check.ok;
    tell({ tells: "check", check });
  }
  tell({ tells: "end", good });
}

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  answer(data).catch((problem: unknown) => tell({ tells: "trouble", words: problem instanceof Error ? problem.message : String(problem) }));
});
