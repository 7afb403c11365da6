/** The same verdict from a folder, for tests and for whoever has Node and no browser: `node check.mjs DIR [KEY]`. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Files } from "./manifest.ts";
import { verify, type Check } from "./verify.ts";

export function folder(top: string): Files {
  const under = (path: string): string[] =>
    readdirSync(join(top, path), { withFileTypes: true }).flatMap((one) => {
      const inner = path === "" ? one.name : `${path}/${one.name}`;
      return one.isDirectory() ? under(inner) : [inner];
    });
  return {
    present: under(""),
    read: async (path) => {
      try {
        return statSync(join(top, path)).isFile() ? new Uint8Array(readFileSync(join(top, path))) : null;
      } catch {
        return null;
      }
    },
  };
}

/** Every check of a folder. */
export async function checks(top: string, key = ""): Promise<Check[]> {
  const found: Check[] = [];
  for await (const check of verify(folder(top), key)) found.push(check);
  return found;
}

for (const top of process.argv.slice(2)) {
  const found = await checks(top);
  for (const { ok, name, detail } of found) console.log(`${ok ? "PASS" : "FAIL"}  ${name}: ${detail}`);
  const good = found.every((one) => one.ok);
  console.log(`${top}: ${good ? "passes" : "does not pass"}`);
  if (!good) process.exitCode = 1;
}
