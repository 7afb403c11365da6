import axolotl from "../brand/mascots/axolotl.svg";
import frog from "../brand/mascots/frog.svg";
import hare from "../brand/mascots/hare.svg";
import hedgehog from "../brand/mascots/hedgehog.svg";
import owl from "../brand/mascots/owl.svg";
import ram from "../brand/mascots/ram.svg";

/** In the order of their numbers on the wire. Each file has three poses: plain, `#hit` and `#miss`. */
export const MASCOTS = [
  { name: "hare", picture: hare },
  { name: "owl", picture: owl },
  { name: "hedgehog", picture: hedgehog },
  { name: "ram", picture: ram },
  { name: "frog", picture: frog },
  { name: "axolotl", picture: axolotl },
] as const;

export type Mascot = (typeof MASCOTS)[number];

/** Any number means one of them. */
export const mascotOf = (number: number): Mascot => MASCOTS[number % MASCOTS.length] ?? MASCOTS[0];
