/** The files of a zip archive as browsers' and systems' own tools write it: stored or deflated, below 4 GiB. */
import { view } from "./bytes.ts";

const [LOCAL, ENTRY, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const END_BYTES = 22;
const COMMENT_MAX = 65_535;

const bytes = async (of: Blob): Promise<DataView> => view(new Uint8Array(await of.arrayBuffer()));

export async function isZip(file: Blob): Promise<boolean> {
  return file.size >= END_BYTES && (await bytes(file.slice(0, 4))).getUint32(0, true) === LOCAL;
}

/** Every file in it by its path; directories are left out. */
export async function unzip(file: Blob): Promise<Map<string, Blob>> {
  const tail = await bytes(file.slice(Math.max(0, file.size - END_BYTES - COMMENT_MAX)));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw new Error("the archive has no end");
  const [count, size, start] = [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const listing = await bytes(file.slice(start, start + size));
  const found = new Map<string, Blob>();
  for (let number = 0, at = 0; number < count; number++) {
    if (at + 46 > listing.byteLength || listing.getUint32(at, true) !== ENTRY) throw new Error("the archive's list of files is broken");
    const [method, packed, named] = [listing.getUint16(at + 10, true), listing.getUint32(at + 20, true), listing.getUint16(at + 28, true)];
    const [extra, comment, local] = [listing.getUint16(at + 30, true), listing.getUint16(at + 32, true), listing.getUint32(at + 42, true)];
    const path = new TextDecoder().decode(new Uint8Array(listing.buffer, listing.byteOffset + at + 46, named));
    if (!path.endsWith("/")) found.set(path, await content(file, local, packed, method));
    at += 46 + named + extra + comment;
  }
  return found;
}

async function content(file: Blob, local: number, packed: number, method: number): Promise<Blob> {
  const head = await bytes(file.slice(local, local + 30));
  const start = local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const held = file.slice(start, start + packed);
  if (method === 0) return held;
  if (method !== 8) throw new Error("the archive is packed in a way that browsers do not know");
  return new Response(held.stream().pipeThrough(new DecompressionStream("deflate-raw"))).blob();
}
