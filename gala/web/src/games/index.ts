import type { GamePage } from "./game.ts";
import { Poll } from "./poll.tsx";

/** The games this page can play, by the name the service gives them. Another one shows its segment's card. */
export const GAMES: Record<string, GamePage> = {
  poll: Poll,
};
