import type { GamePage } from "./game.ts";
import { Boost } from "./boost.tsx";
import { Poll } from "./poll.tsx";
import { Rain } from "./rain.tsx";
import { Whack } from "./whack.tsx";

/** The games this page can play, by the name the service gives them. Another one shows its segment's card. */
export const GAMES: Record<string, GamePage> = {
  boost: Boost,
  poll: Poll,
  rain: Rain,
  whack: Whack,
};
