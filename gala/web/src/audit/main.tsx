/** The auditor's page: takes the pass, asks for the evidence, shows whatever of it is newest. */
import { signal } from "@preact/signals";
import { render } from "preact";
import "../brand/tokens.css";
import "./desk.css";
import type { Evidence } from "../protocol.gen.ts";
import { forgetPass, takePass } from "../director/pass.ts";
import { complete } from "../wire/complete.ts";
import { Connection } from "../wire/connection.ts";
import { App, NoPass } from "./app.tsx";
import { followTrace } from "./trace.tsx";
import { Verifying } from "./verifying.ts";

const RETRY_MAX_MS = 1_500;
const ANSWER_MS = 4_000;
const KEPT = "gala.audit.pass";

const page = document.getElementById("page");
if (!page) throw new Error("audit.html has no #page");
const pass = takePass(location, history, sessionStorage, KEPT);
// A second link opened in this tab changes only the fragment, which reloads nothing by itself.
addEventListener("hashchange", () => {
  if (location.hash.includes("pass=")) location.reload();
});

if (pass) {
  const evidence = signal<Evidence | null>(null);
  const connection = new Connection("/crew", () => ({ pass }), Math.random, RETRY_MAX_MS);
  const hear = (received: unknown): void => {
    evidence.value = complete("Evidence", received);
    connection.greeted();
  };
  connection.socket.on("evidence", hear);
  connection.socket.on("connect", () => {
    // without an answer the link is of no use: it is tried again
    connection.ask("evidence", {}, ANSWER_MS).then(hear, () => connection.again());
  });
  connection.link.subscribe((now) => now.state === "refused" && now.reason !== "starting" && forgetPass(sessionStorage, KEPT));
  connection.now();
  render(<App evidence={evidence} link={connection.link} verifying={new Verifying()} trace={followTrace(pass)} pass={pass} />, page);
} else {
  render(<NoPass why="No pass came with this link." />, page);
}
