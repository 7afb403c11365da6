/** Scenes with counters: the vote's bars, the boost's arches, the hits. Nothing here is counted: it is shown. */
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { colourOf, Shape, shapeOf, SHAPE_NAMES, type ShapeName } from "../brand/shapes.tsx";
import type { RoundView, SegmentText, Tally } from "../protocol.gen.ts";
import { Clock } from "./cards.tsx";
import { clockOf, countersOf, fansOf, idsOf, leading, spellOf, standings, type Standing } from "./scene.ts";
import type { AirWords } from "./words.ts";

interface Meter {
  round: RoundView;
  tally: Tally | null;
  text: SegmentText;
  held: boolean;
  now_ms: number;
  zone: string;
  words: AirWords;
}

interface Choice {
  standing: Standing;
  label: string;
  shape: ShapeName;
  hollow: boolean;
}

const ROWS_MAX = 6;
const LANES_MAX = 5;
const FANS_MAX = 3;
/** The leader's arch is not full: there is always room for more. */
const LEADER_PERCENT = 86;

function choices(meter: Meter, most: number): Choice[] {
  const { round, text, words } = meter;
  const all = standings(idsOf(round), countersOf(round, meter.tally));
  return leading(all, most).map((standing) => {
    const said = text.choices[standing.id];
    return {
      standing,
      label: words.pick(said?.label) || standing.id,
      shape: shapeOf(said?.shape ?? "", standing.place),
      hollow: standing.place >= SHAPE_NAMES.length,
    };
  });
}

/** What stands where the clock was, or the clock. */
function Ends({ round, held, now_ms, words }: Meter): JSX.Element {
  const clock = round.state === "open" && !held ? clockOf(round.opens_at_ms, round.closes_at_ms, now_ms) : null;
  if (clock) return <Clock {...clock} label={words.t("secondsToVote")} />;
  const word = round.state === "revealed" ? "result" : round.state === "locked" ? "voteClosed" : "voteNow";
  // over by this clock, and the service has not said so yet
  const over = word === "voteNow" && !held && round.closes_at_ms > 0;
  return <p class="ends">{words.t(over ? "voteClosed" : word)}</p>;
}

export function Vote(meter: Meter): JSX.Element {
  const { round, text, words } = meter;
  const question = words.pick(text.question) || words.pick(text.title);
  const counters = countersOf(round, meter.tally);
  const ids = idsOf(round);
  const sides = choices(meter, ids.length);
  const won = wonBy(round, sides);
  const [a, b] = sides;
  return (
    <section class={`low plate ${round.state}`}>
      <h1 class="q">{question}</h1>
      {sides.length === 2 && a && b ? (
        <div class="tug">
          <Side side="a" choice={a} known={counters !== null} won={won} />
          <Ends {...meter} />
          <Side side="b" choice={b} known={counters !== null} won={won} />
        </div>
      ) : (
        <div class="rows">
          <Rows meter={meter} known={counters !== null} won={won} many={ids.length} />
          <Ends {...meter} />
        </div>
      )}
    </section>
  );
}

/** What the stage decided, or where nothing was to be decided the one that leads; "" before, and in a tie. */
function wonBy(round: RoundView, sides: readonly Choice[]): string {
  if (round.state !== "revealed") return "";
  return String(round.result.outcome || sides.find((one) => one.standing.leads)?.standing.id || "");
}

function Side(props: { side: "a" | "b"; choice: Choice; known: boolean; won: string }): JSX.Element {
  const { side, choice, known } = props;
  const { id, percent } = choice.standing;
  return (
    <div class={`side ${side} ${props.won === id ? "won" : ""}`} style={{ "--c": colourOf(choice.shape) }}>
      <div class="h">
        <Emblem choice={choice} />
        <span>
          {props.won === id && <Icon name="tick" />} {choice.label}
        </span>
        {known && <em>{percent}%</em>}
      </div>
      {known && (
        <div class="tr">
          <div class={`fl ${choice.shape}`} style={{ "--p": percent }} />
        </div>
      )}
    </div>
  );
}

function Rows(props: { meter: Meter; known: boolean; won: string; many: number }): JSX.Element {
  const { meter, known, won, many } = props;
  if (!known && many > ROWS_MAX) return <p class="ends">{meter.words.t("allChoices", { n: many })}</p>;
  return (
    <ol class="list">
      {choices(meter, ROWS_MAX).map((choice) => (
        <li
          key={choice.standing.id}
          class={won === choice.standing.id ? "won" : ""}
          style={{ "--c": colourOf(choice.shape) }}
        >
          <Emblem choice={choice} />
          <b>
            {won === choice.standing.id && <Icon name="tick" />} {choice.label}
          </b>
          {known && (
            <div class="tr">
              <div class={`fl ${choice.shape}`} style={{ "--p": 100 * choice.standing.ofTop }} />
            </div>
          )}
          {known && <em>{choice.standing.percent}%</em>}
        </li>
      ))}
    </ol>
  );
}

function Emblem({ choice }: { choice: Choice }): JSX.Element {
  return (
    <span class={choice.hollow ? "em hollow" : "em"}>
      <Shape name={choice.shape} />
    </span>
  );
}

export function Boost(meter: Meter): JSX.Element {
  const { round, text, words, now_ms, held } = meter;
  const { cut_at_ms } = round;
  const clock = round.state === "open" && !held ? clockOf(round.opens_at_ms, round.closes_at_ms, now_ms) : null;
  const spell = round.state === "open" ? spellOf(round, now_ms) : null;
  return (
    <section class="race plate">
      <h1 class="q">{words.pick(text.question) || words.pick(text.title)}</h1>
      <div class="lanes">
        {choices(meter, LANES_MAX).map((lane) => (
          <div
            key={lane.standing.id}
            class={lane.standing.leads ? "lane lead" : "lane"}
            style={{ "--c": colourOf(lane.shape), "--p": LEADER_PERCENT * lane.standing.ofTop }}
          >
            <div class="d">
              <div class="f" />
              <span class="sx">{words.short(lane.standing.count)}</span>
              <Emblem choice={lane} />
            </div>
            <b>{lane.label}</b>
            <small>{lane.standing.leads ? words.t("leads") : "\u00a0"}</small>
          </div>
        ))}
      </div>
      <Fans meter={meter} />
      <div class="foot">
        {spell && (
          <p class="spell">
            <Icon name="bolt" />{" "}
            {words.t("times", { factor: spell.factor, span: words.span(Math.ceil(spell.left_ms / 1000)) })}
          </p>
        )}
        {cut_at_ms > 0 && round.state === "open" && (
          <p>{now_ms < cut_at_ms ? words.t("stageUntil", { time: words.time(cut_at_ms, meter.zone) }) : words.t("stageDone")}</p>
        )}
        {clock && (
          <p role="timer">
            <Icon name="clock" /> {words.span(clock.seconds)}
          </p>
        )}
      </div>
    </section>
  );
}

/** Who gives most, of those who agree to be shown: a number and never a name. */
function Fans({ meter }: { meter: Meter }): JSX.Element | null {
  const { round, words } = meter;
  const fans = fansOf(countersOf(round, meter.tally), FANS_MAX);
  if (fans.length === 0) return null;
  const stars = choices(meter, idsOf(round).length);
  return (
    <div class="fans">
      <h2>{words.t("fans")}</h2>
      <ol>
        {fans.map(({ seat, star, points }) => {
          const of = stars.find((one) => one.standing.id === star);
          return (
            <li key={seat} style={{ "--c": colourOf(of?.shape ?? "disc") }}>
              {of && <Emblem choice={of} />}
              {words.t("fan", { seat: String(seat), points: words.short(points) })}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

export function Hits(meter: Meter): JSX.Element {
  const { round, text, words, now_ms, held } = meter;
  const counters = countersOf(round, meter.tally);
  const clock = round.state === "open" && !held ? clockOf(round.opens_at_ms, round.closes_at_ms, now_ms) : null;
  return (
    <section class="low plate">
      <div class={clock ? "head clocked" : "head"}>
        <div>
          <h1 class="q">{words.pick(text.question) || words.pick(text.title)}</h1>
          {counters && (
            <p class="hits">
              <b>{words.number(Number(counters.hits ?? 0))}</b> {words.t(round.state === "open" ? "hits" : "hitsAll")}
              <span>{words.t("players", { n: Number(counters.voters ?? 0) })}</span>
            </p>
          )}
        </div>
        {clock && <Clock {...clock} label={words.t("seconds")} />}
      </div>
    </section>
  );
}

/** While envelopes fall: how many hands hold one. */
export function Rain(meter: Meter): JSX.Element {
  const { round, text, words, now_ms, held } = meter;
  const counters = countersOf(round, meter.tally);
  const clock = round.state === "open" && !held ? clockOf(round.opens_at_ms, round.closes_at_ms, now_ms) : null;
  return (
    <section class="low plate">
      <div class={clock ? "head clocked" : "head"}>
        <div>
          <h1 class="q">{(round.state === "open" && words.pick(text.question)) || words.pick(text.title)}</h1>
          {counters && (
            <p class="hits">
              <b>{words.number(Number(counters.voters ?? 0))}</b> {words.t("hands")}
            </p>
          )}
        </div>
        {clock && <Clock {...clock} label={words.t("seconds")} />}
      </div>
    </section>
  );
}
