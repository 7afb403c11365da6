/**
 * One press, one cue. The cue's id is made when the key is pressed and sent again unchanged until an answer comes, so
 * that a lost reply or a double click is one entry in the log; what the act depends on (`expect`) goes along, so that
 * a press which comes too late is told `stale` and does nothing.
 */
import type { CuePost, CueReply } from "../protocol.gen.ts";
import { complete } from "../wire/complete.ts";

export type Answer =
  | { kind: "done"; reply: CueReply }
  /** Something else happened first; nothing was done. */
  | { kind: "stale"; reply: CueReply }
  /** The show does not allow it; `reply.reason` says why. */
  | { kind: "refused"; reply: CueReply }
  /** The pass has run out, or is of another show. */
  | { kind: "pass" }
  /** No answer: it may have been done. The as-run tells. */
  | { kind: "lost" };

export interface Wire {
  fetch: typeof fetch;
  /** Resolves after that many milliseconds of real time. */
  pause(ms: number): Promise<void>;
}

/** Long enough for a cue that is durable on a busy store, short enough that a lost reply is asked for again at once. */
export const ATTEMPT_MS = 2_500;
export const ATTEMPTS = 5;

export async function call(wire: Wire, pass: string, cue: CuePost, tried: (attempt: number) => void): Promise<Answer> {
  // A clap is an instant: called later it would be another, and every viewer who tapped would be wrong by that.
  const attempts = cue.cue === "clap" ? 1 : ATTEMPTS;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    tried(attempt);
    const answer = await once(wire, pass, cue);
    if (answer) return answer;
    if (attempt < attempts) await wire.pause(250 * attempt);
  }
  return { kind: "lost" };
}

/** One attempt; null where asking again with the same id is right (no reply, or the service is not itself). */
async function once(wire: Wire, pass: string, cue: CuePost): Promise<Answer | null> {
  let status: number;
  let reply: CueReply;
  try {
    const response = await wire.fetch("/api/cues", {
      method: "POST",
      headers: { Authorization: `Bearer ${pass}`, "Content-Type": "application/json" },
      body: JSON.stringify(cue),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    status = response.status;
    if (status === 401) return { kind: "pass" };
    if (status >= 500 || status === 408 || status === 429) return null;
    reply = complete("CueReply", await response.json());
  } catch {
    return null; // cut off, timed out, or half a reply: the id makes asking again safe
  }
  if (status === 200) return { kind: "done", reply };
  return reply.reason === "stale" ? { kind: "stale", reply } : { kind: "refused", reply };
}
