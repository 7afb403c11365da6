/** What "check it yourself" finds for one viewer. Loaded when somebody asks for it, and not before. */
import { text } from "../check/bytes.ts";
import type { Asked, Told } from "../check/deciding.ts";
import { checkpoint, logKey } from "../check/note.ts";
import { proveEntry, provePlay, type BoxFacts, type Known, type RosterFacts } from "../check/proof.ts";
import type { Mine } from "../protocol.gen.ts";
import type { Ask, Finding, Report } from "./report.ts";

interface Answer {
  status: number;
  body: string;
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const reply = await fetch(path, { headers, cache: "no-store" });
  return { status: reply.status, body: await reply.text() };
}

const reasonOf = (body: string): string => {
  try {
    return String((JSON.parse(body) as { reason?: unknown }).reason ?? "");
  } catch {
    return "";
  }
};

/** Fetches the log's key and checkpoint and every proof of this viewer, and verifies all of it here. */
export async function report(mine: Mine, { pass, title }: Ask): Promise<Report> {
  const [keys, signed] = await Promise.all([ask("/bundle/keys.txt"), ask("/bundle/log/checkpoint")]);
  if (keys.status === 404 || signed.status === 404) return { state: "unpublished", key: "", findings: [] };
  let known: Known;
  try {
    const log = logKey(text(keys.body));
    known = { log, published: checkpoint(signed.body, log, "the published checkpoint") };
  } catch (problem) {
    return { state: "done", key: keys.body.trim(), findings: [broken({ id: "log", kind: "log", title: "" }, problem)] };
  }
  const rounds = Object.entries(mine.rounds).map(([id, { seq }]) =>
    finding({ id, kind: "box", title: title(id) }, `round=${encodeURIComponent(id)}`, pass, (body) => provePlay(body, known, id, seq)),
  );
  const draws = mine.draws
    .filter((one) => one.tickets > 0)
    .map((one) => finding({ id: String(one.draw), kind: "roster", title: "" }, `draw=${one.draw}`, pass, (body) => proveEntry(body, known, one)));
  const findings = await Promise.all([...draws.map(async (one) => withBeacon(await one, keys.body.trim())), ...rounds]);
  if (findings.some((one) => one.verdict === "unpublished")) return { state: "unpublished", key: "", findings: [] };
  return { state: "done", key: keys.body.trim(), findings };
}

/** What a service that gives no proof says by it. It told this phone of the play and of the entries: they have to be there. */
const MEANS: Record<string, Finding["verdict"]> = {
  not_published: "unpublished",
  kept_back: "kept_back",
  not_in_it: "not",
  unknown_draw: "not",
  unknown_round: "none",
};

type Subject = Pick<Finding, "id" | "kind" | "title">;

const broken = (of: Subject, problem: unknown, proof = ""): Finding => ({
  ...of,
  verdict: "not",
  why: problem instanceof Error ? problem.message : String(problem),
  facts: null,
  proof,
});

/** With the beacon's signature checked too, where the draw has a result. */
async function withBeacon(found: Finding, key: string): Promise<Finding> {
  const { facts } = found;
  if (found.verdict !== "fits" || facts?.kind !== "roster" || facts.result === "") return found;
  const told = await beside({ base: new URL("/bundle/", location.href).href, key, draw: Number(found.id), result: facts.result });
  if (told.tells === "away") return { ...found, verdict: "away", why: "beacon", facts: null };
  if (told.tells === "not") return { ...found, verdict: "not", why: told.why, facts: null };
  return { ...found, facts: { ...facts, decided: told.decided } };
}

/** Asks a worker, which is fetched only now and works for a second. */
function beside(asked: Asked): Promise<Told> {
  const worker = new Worker(new URL("../check/deciding.ts", import.meta.url), { type: "module" });
  return new Promise<Told>((tell) => {
    worker.onmessage = ({ data }: MessageEvent<Told>) => tell(data);
    worker.onerror = () => tell({ tells: "away" });
    worker.postMessage(asked);
  }).finally(() => worker.terminate());
}

async function finding(of: Subject, query: string, pass: string, prove: (body: string) => BoxFacts | RosterFacts): Promise<Finding> {
  const { status, body } = await ask(`/api/proof?${query}`, { authorization: `Bearer ${pass}` });
  if (status !== 200) {
    const reason = reasonOf(body);
    return { ...of, verdict: MEANS[reason] ?? "away", why: reason || String(status), facts: null, proof: "" };
  }
  try {
    return { ...of, verdict: "fits", why: "", facts: prove(body), proof: body };
  } catch (problem) {
    return broken(of, problem, body);
  }
}
