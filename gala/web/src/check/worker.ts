/** The verifier beside the page: it works for seconds, and the page stays alive. */
import { inspect } from "./inspect.ts";
import type { Files } from "./manifest.ts";
import { chosen, served, type Chosen } from "./sources.ts";
import { verify, type Check, type Progress } from "./verify.ts";

/**
 * What a page asks for: the published files, those that somebody chose, or a saved proof, held against what is published.
 * key: as known from elsewhere, or empty.
 */
export interface Asked {
  from: { served: string } | { chosen: Chosen[] } | { proof: Blob; served: string };
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
  if ("proof" in from) {
    const found = inspect(await from.proof.text(), key, await served(from.served));
    tell({ tells: "end", good: await toldAll(found) });
    return;
  }
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
  tell({ tells: "end", good: await toldAll(verify(files, key, progress)) });
}

/** Tells each check as it is made; whether all passed. */
async function toldAll(checks: AsyncIterable<Check>): Promise<boolean> {
  let good = true;
  for await (const check of checks) {
    good &&= check.ok;
    tell({ tells: "check", check });
  }
  return good;
}

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  answer(data).catch((problem: unknown) => tell({ tells: "trouble", words: problem instanceof Error ? problem.message : String(problem) }));
});
