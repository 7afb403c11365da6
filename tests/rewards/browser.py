"""The verifier of the pages as a program for tests, run by Node: many bundles in one process."""

import base64
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.gala.test_web_build import load_hook
from tests.rewards.in_memory import Files

BUILD = """
import { build } from "vite";
const [outDir] = process.argv.slice(1);
await build({
  configFile: false, logLevel: "error", ssr: { noExternal: true },
  build: {
    ssr: true, outDir, minify: false,
    rollupOptions: { input: ["src/check/cli.ts", "src/check/verify.ts", "src/check/inspect.ts"] },
  },
});
"""

# a line of input is what differs from the files of the first line, null for a file that is gone
JUDGE = """
import { createInterface } from "node:readline";
import { verify } from "./out/verify.js";
const bytes = (of) => of === null ? null : new Uint8Array(Buffer.from(of, "base64"));
let base = null;
for await (const line of createInterface({ input: process.stdin })) {
  const changed = Object.entries(JSON.parse(line)).map(([path, content]) => [path, bytes(content)]);
  if (base === null) { base = changed; continue; }
  const files = new Map([...base, ...changed]);
  for (const [path, content] of changed) if (content === null) files.delete(path);
  const held = { present: [...files.keys()], read: async (path) => files.get(path) ?? null };
  let failed = "";
  for await (const { ok, name, detail } of verify(held)) {
    if (!ok) { failed = `FAIL  ${name}: ${detail}`; break; }
  }
  console.log(JSON.stringify(failed));
}
"""


# a line of input is a proof and a key to hold it against; the first is the published files, or null
INSPECT = """
import { createInterface } from "node:readline";
import { inspect } from "./out/inspect.js";
let published;
for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  if (published === undefined) {
    const files = given && new Map(Object.entries(given));
    const content = (path) => new Uint8Array(Buffer.from(files.get(path), "base64"));
    published = files && { present: null, read: async (path) => files.has(path) ? content(path) : null };
    continue;
  }
  const told = [];
  for await (const { ok, name, detail } of inspect(given.proof, given.key, published)) {
    told.push(`${ok ? "PASS" : "FAIL"}  ${name}: ${detail}`);
  }
  console.log(JSON.stringify(told));
}
"""


def _text(files: Files) -> dict[str, str]:
    return {path: base64.b64encode(content).decode() for path, content in files.items()}


class Browser:
    """folder: of the built program; it stays there as long as it is used."""

    def __init__(self, folder: Path) -> None:
        hook = load_hook()
        hook.install()
        self._node = hook.npm_command()[1]
        self._folder = folder
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "judge.js").write_text(JUDGE)
        (folder / "inspect.js").write_text(INSPECT)
        script = [self._node, "--input-type=module", "-e", BUILD, folder / "out"]
        subprocess.run(script, cwd=hook.WEB, check=True)

    def says(self, base: Files, changed: Iterable[Files]) -> list[str]:
        """The first failing line about each bundle, or nothing; base: what they have in common."""
        lines: list[dict[str, str | None]] = [{**_text(base)}]
        for files in changed:
            different = {path: content for path, content in files.items() if base.get(path) != content}
            lines.append({**_text(different), **dict.fromkeys(set(base) - set(files))})
        return self._lines("judge.js", lines)

    def says_of_proofs(self, published: Files | None, proofs: Iterable[tuple[str, str]]) -> list[list[str]]:
        """All lines about each (proof, key) that somebody brings, held against what is published."""
        asked = [{"proof": proof, "key": key} for proof, key in proofs]
        return self._lines("inspect.js", [published and _text(published), *asked])

    def _lines(self, script: str, lines: list[Any]) -> list[Any]:
        told = subprocess.run(
            [self._node, self._folder / script],
            input="\n".join(map(json.dumps, lines)),
            capture_output=True,
            text=True,
            check=True,
        )
        found = [json.loads(line) for line in told.stdout.splitlines()]
        assert len(found) == len(lines) - 1
        return found

    def says_of_folders(self, folders: list[Path]) -> dict[Path, str]:
        """The same by the command that reads a folder."""
        command = [self._node, self._folder / "out" / "cli.js", *folders]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.stderr == ""
        found: dict[Path, str] = {}
        failed = ""
        for line in told.stdout.splitlines():
            if line.startswith("FAIL"):
                failed = failed or line
            elif not line.startswith("PASS"):
                found[Path(line.rsplit(": ", 1)[0])] = failed
                assert line.endswith("does not pass" if failed else "passes")
                failed = ""
        assert list(found) == folders
        return found
