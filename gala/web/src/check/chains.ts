/** Section 6: what a game told piece by piece was fixed by commitments when its round opened. */
import { hex, label, sha256, u32be, u8, unhex } from "./bytes.ts";

/** The commitment (hex) of the chain of a channel whose last key, K_length, is `head` (hex). */
export function commitment(head: string, channel: number, length: number): string {
  let key = unhex(head, 32, `the head of channel ${channel}`);
  for (let piece = length - 1; piece >= 0; piece--) {
    key = sha256(label("gala/whack/1"), u8(channel), u32be(piece), key);
  }
  return hex(sha256(label("gala/whack-commitment/1"), u8(channel), key));
}
