import type { FunctionComponent } from "preact";
import type { Words } from "../i18n/words.ts";
import type { RoundMine, RoundView, SegmentText } from "../protocol.gen.ts";
import type { RoundPhase } from "../viewer/scene.ts";
import type { Evening } from "../wire/evening.ts";
import type { LocalPlay } from "../wire/plays.ts";

/** What a game's page is given: the round as this cohort may see it, and what is true of this viewer in it. */
export interface RoundProps {
  round: RoundView;
  phase: RoundPhase;
  text: SegmentText;
  /** this viewer's slot, as the service last told it */
  slot: RoundMine | undefined;
  /** this phone's newest play, if it has made one */
  local: LocalPlay | undefined;
  /** the show is on hold, its clocks too */
  held: boolean;
  /** controls are dead: no link, or not open yet */
  shut: boolean;
  /** how far this picture runs behind the hall */
  delay_ms: number;
  play(move: Record<string, unknown>, label: string): void;
}

/**
 * A game's browser module: one screen for all phases of its round.
 *
 * rapid: plays follow each other by the second, so the page itself says and rings what matters; neither each sending
 * nor each counting is announced. say: what the page says of itself to whoever does not see it, where the usual words for
 * a lock and a result do not fit.
 */
export type GamePage = FunctionComponent<RoundProps> & { rapid?: boolean; say?: (evening: Evening, w: Words) => string };
