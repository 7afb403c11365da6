/**
 * The name of this tab's console, under which it has the call: random, short enough to be read out. Kept in the tab, so
 * that the same page loaded again is the same console, and another tab of the same person is another.
 */

const KEPT = "gala.director.console";
/** Letters and digits that nobody takes for each other, 32 of them. */
const READABLE = "23456789abcdefghijkmnpqrstuvwxyz";
const LENGTH = 8;

/** The console's name; made from `random` bytes at the tab's first visit. */
export function takeSeat(kept: Storage, random: (length: number) => Uint8Array): string {
  const found = kept.getItem(KEPT);
  if (found) return found;
  const made = Array.from(random(LENGTH), (byte) => READABLE[byte % READABLE.length]).join("");
  kept.setItem(KEPT, made);
  return made;
}
