/** The verification in this browser as the page shows it: what was asked, how far it is, what it found. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Chosen } from "../check/sources.ts";
import type { Check, Progress } from "../check/verify.ts";
import type { Asked, Told } from "../check/worker.ts";

export interface Run {
  state: "idle" | "running" | "passed" | "failed" | "unpublished" | "trouble";
  what: "bundle" | "proof";
  /** what was verified, in words */
  of: string;
  /** the key it was held against, or empty */
  key: string;
  checks: Check[];
  progress: Progress;
  trouble: string;
}

const IDLE: Run = { what: "bundle", state: "idle", of: "", key: "", checks: [], progress: { done: 0, of: 0 }, trouble: "" };

/** The run after one more message of the worker. */
export function heard(run: Run, told: Told): Run {
  if (told.tells === "check") return { ...run, checks: [...run.checks, told.check] };
  if (told.tells === "progress") return { ...run, progress: told.progress };
  if (told.tells === "end") return { ...run, state: told.good && run.checks.length > 0 ? "passed" : "failed" };
  if (told.tells === "unpublished") return { ...run, state: "unpublished" };
  return { ...run, state: "trouble", trouble: told.words };
}

/** One verification at a time; a new one ends the last. */
export class Verifying {
  private readonly shown = signal<Run>(IDLE);
  private worker: Worker | null = null;

  get run(): ReadonlySignal<Run> {
    return this.shown;
  }

  /** key: the log's verifier key as known from elsewhere, or empty. */
  published(key: string): void {
    this.ask({ from: { served: new URL("/bundle/", location.href).href }, key }, "the evidence published here");
  }

  /** A bundle in files, or the one proof that a viewer saved. */
  chosen(files: Chosen[], key: string): void {
    const [first, ...more] = files;
    if (first && more.length === 0 && isProof(first.path, first.file.size)) {
      const served = new URL("/bundle/", location.href).href;
      this.ask({ from: { proof: first.file, served }, key }, `the proof in ${first.path.split("/").at(-1)}`, "proof");
    } else if (first) this.ask({ from: { chosen: files }, key }, first.path.split("/")[0] ?? "");
  }

  private ask(asked: Asked, of: string, what: Run["what"] = "bundle"): void {
    this.worker?.terminate();
    this.shown.value = { ...IDLE, what, state: "running", of, key: asked.key };
    const worker = new Worker(new URL("../check/worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if (this.worker === worker) this.shown.value = heard(this.shown.value, data);
    };
    worker.onerror = ({ message }) => {
      this.shown.value = heard(this.shown.value, { tells: "trouble", words: message || "the verifier could not be loaded" });
    };
    this.worker = worker;
    worker.postMessage(asked);
  }
}

const PROOF_MAX = 1_000_000; // bytes; a saved proof is some kilobytes

/** Whether the one file that somebody chose is to be read as a saved proof: a small JSON that is no manifest. */
export const isProof = (path: string, size: number): boolean =>
  /\.json$/i.test(path) && path.split("/").at(-1) !== "MANIFEST.json" && size <= PROOF_MAX;

/** All files under what was dropped, with their paths. */
export async function dropped(items: DataTransferItemList): Promise<Chosen[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: Chosen[] = [];
  for (const entry of entries) found.push(...(await under(entry)));
  return found;
}

async function under(entry: FileSystemEntry): Promise<Chosen[]> {
  const path = entry.fullPath.slice(1);
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Chosen[] = [];
  for (;;) {
    // a reader gives a hundred at a time, and none when it is through
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await under(one)));
  }
}
