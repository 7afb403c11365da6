/** Where a bundle comes from: a server that publishes it, a folder that somebody chose, or a zip of one. */
import { MANIFEST, type Files } from "./manifest.ts";
import { isZip, unzip } from "./zip.ts";

/** A file that somebody chose, under the path it has in what was chosen. */
export interface Chosen {
  path: string;
  file: Blob;
}

/** The files under an address that ends with a slash, or null while nothing is published there. */
export async function served(base: string): Promise<Files | null> {
  const read = async (path: string): Promise<Uint8Array | null> => {
    const reply = await fetch(base + path.split("/").map(encodeURIComponent).join("/"), { cache: "no-store" });
    if (reply.status === 404) return null;
    if (!reply.ok) throw new Error(`the server answers ${reply.status} for ${path}`);
    return new Uint8Array(await reply.arrayBuffer());
  };
  return (await read(MANIFEST)) === null ? null : { read, present: null };
}

/** The files of a folder, or of the one zip, that somebody chose. The bundle is where its manifest lies. */
export async function chosen(all: readonly Chosen[]): Promise<Files> {
  const [only, ...more] = all;
  const found = only && more.length === 0 && (await isZip(only.file)) ? await unzip(only.file) : new Map(all.map((one) => [one.path, one.file]));
  const manifest = [...found.keys()].filter((path) => path === MANIFEST || path.endsWith(`/${MANIFEST}`)).sort((a, b) => a.length - b.length)[0];
  if (manifest === undefined) throw new Error(`there is no ${MANIFEST} in what was chosen`);
  const top = manifest.slice(0, -MANIFEST.length);
  const files = new Map([...found].filter(([path]) => path.startsWith(top)).map(([path, file]) => [path.slice(top.length), file]));
  return {
    present: [...files.keys()],
    read: async (path) => {
      const file = files.get(path);
      return file ? new Uint8Array(await file.arrayBuffer()) : null;
    },
  };
}
