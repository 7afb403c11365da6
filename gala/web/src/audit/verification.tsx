/** "Verify in this browser": one line a check, the verdict in a shape and words, and a summary that prints. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import { count } from "../director/times.ts";
import type { Chosen } from "../check/sources.ts";
import { Says } from "./says.tsx";
import { dropped, type Run, type Verifying } from "./verifying.ts";

export function Verification({ verifying }: { verifying: Verifying }): JSX.Element {
  const [key, setKey] = useState("");
  const [over, setOver] = useState(false);
  const run = verifying.run.value;
  const take = (list: FileList | null): void => {
    const files: Chosen[] = [...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    verifying.chosen(files, key.trim());
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) void dropped(event.dataTransfer.items).then((files) => verifying.chosen(files, key.trim()));
  };
  return (
    <section
      class={over ? "card verify over" : "card verify"}
      id="verify"
      aria-label="Verification in this browser"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div class="row">
        <h2>Verify in this browser</h2>
        <span class="dim end">by a program of its own, written from SPEC.md</span>
      </div>
      <p>
        Every file is read here and checked again from the first byte: the signed log, the boxes, the roster, the beacon, the draw
        and every row of the ledger. Nothing is asked of the server but the files.
      </p>
      <label class="key">
        <span>The log’s key, as you know it from elsewhere</span>
        <input class="mono" value={key} spellcheck={false} autocomplete="off" onInput={(event) => setKey(event.currentTarget.value)} />
        <small class="dim">Without it the key in the files is taken at its word: whoever replaced all files could replace that one too.</small>
      </label>
      <div class="row acts">
        <button type="button" class="go" disabled={run.state === "running"} onClick={() => verifying.published(key.trim())}>
          Verify what is published
        </button>
        <label class="pick">
          Choose a folder
          <input type="file" multiple {...{ webkitdirectory: true }} onChange={(event) => take(event.currentTarget.files)} />
        </label>
        <label class="pick">
          Choose a zip
          <input type="file" accept=".zip,application/zip" onChange={(event) => take(event.currentTarget.files)} />
        </label>
        <label class="pick">
          Choose a viewer’s proof
          <input type="file" accept=".json,application/json" onChange={(event) => take(event.currentTarget.files)} />
        </label>
        <span class="dim">or drop any of them here</span>
      </div>
      <Found run={run} />
    </section>
  );
}

function Found({ run }: { run: Run }): JSX.Element | null {
  if (run.state === "idle") return null;
  const failed = run.checks.filter((check) => !check.ok);
  return (
    <div class="found">
      <div role="status">
        <Verdict run={run} failed={failed.length} />
      </div>
      {run.state === "running" && <progress aria-label="Bytes read" value={run.progress.done} max={Math.max(1, run.progress.of)} />}
      {run.checks.length > 0 && (
        <ol>
          {run.checks.map((check) => (
            <li key={check.name} class={check.ok ? "" : "bad"}>
              <Says verdict={check.ok ? "pass" : "fail"}>{check.ok ? "PASS" : "FAIL"}</Says>
              <span>
                <b>{check.name}</b> {check.detail}
              </span>
            </li>
          ))}
        </ol>
      )}
      {(run.state === "passed" || run.state === "failed") && (
        <p class="row">
          <span>
            {count(run.checks.length - failed.length)} passed, {count(failed.length)} failed
          </span>
          <span class="dim">{run.key ? "held against the key you gave" : run.what === "proof" ? "held against the key published here" : "held against the key in the files"}</span>
          <button type="button" class="quiet end" onClick={() => print()}>
            Print this page
          </button>
        </p>
      )}
    </div>
  );
}

function Verdict({ run, failed }: { run: Run; failed: number }): JSX.Element {
  if (run.state === "running") {
    return (
      <p class="verdict waits">
        <Icon name="waiting" /> Verifying {run.of} …
      </p>
    );
  }
  if (run.state === "unpublished") {
    return (
      <p class="verdict waits">
        <Icon name="waiting" /> Nothing is published yet. The evidence comes out when every channel has seen the end of the show; until
        then no browser can verify it, this one neither.
      </p>
    );
  }
  if (run.state === "trouble") {
    return (
      <p class="verdict fail">
        <Icon name="barred" /> This is no verdict: {run.trouble}
      </p>
    );
  }
  if (run.state === "failed") {
    return (
      <p class="verdict fail">
        <Icon name="barred" /> FAIL: {run.of}. {failed === 1 ? "One check" : `${count(failed)} checks`} did not pass.{" "}
        {run.what === "proof" ? "As it stands it proves nothing." : "Money and winners rest on none of it until that is explained."}
      </p>
    );
  }
  return (
    <p class="verdict pass">
      <Icon name="shield" /> PASS: {run.of}. Every check passed.
    </p>
  );
}
