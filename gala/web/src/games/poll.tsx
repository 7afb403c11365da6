import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { colourOf } from "../brand/shapes.tsx";
import { usePage } from "../viewer/page.ts";
import { LateNote } from "../viewer/late.tsx";
import { leftBy } from "../viewer/scene.ts";
import { playState, State } from "../viewer/state.tsx";
import { Lintel } from "../viewer/timer.tsx";
import { chosenOf, readPoll, readTally, type Choice, type Poll as PollView } from "./ballot.ts";
import { Emblem, Face } from "./face.tsx";
import type { RoundProps } from "./game.ts";

/** The poll: doors while it is open, a receipt once counted, then the lock, then the result. */
export function Poll(props: RoundProps): JSX.Element {
  const changing = useSignal(false);
  const poll = readPoll(props.round.public, props.text);
  const stands = chosenOf(poll, props.slot?.has);
  switch (props.phase) {
    case "soon":
    case "open":
      if (stands.length > 0 && props.slot && !isPending(props) && !changing.value) {
        return <Receipt {...props} poll={poll} stands={stands} change={() => (changing.value = true)} />;
      }
      return <Doors {...props} poll={poll} stands={stands} done={() => (changing.value = false)} />;
    case "closing":
    case "locked":
      return <Locked {...props} poll={poll} stands={stands} />;
    case "revealed":
      return <Result {...props} poll={poll} stands={stands} />;
    case "void":
      return <Void {...props} />;
  }
}

type Stage = RoundProps & { poll: PollView; stands: Choice[] };

const isPending = ({ local }: RoundProps): boolean => local?.status === "sending" || local?.status === "kept";

function labels(choices: Choice[], pick: (text: Choice["label"]) => string): string {
  return choices.map((choice) => pick(choice.label)).join(" · ");
}

function useVote({ poll, play }: Stage): (ids: string[]) => void {
  const { words } = usePage();
  return (ids) => {
    const label = labels(
      poll.choices.filter((choice) => ids.includes(choice.id)),
      (text) => words.value.pick(text),
    );
    play({ choices: ids }, label);
  };
}

function Clock({ round, phase, held, delay_ms, label }: RoundProps & { label: string }): JSX.Element {
  const { words } = usePage();
  if (held || round.closes_at_ms === 0) {
    const said = held ? "onHold" : phase === "soon" ? "getReady" : "openForNow";
    return (
      <p class="eyebrow middle">
        <Icon name={held ? "pause" : "clock"} />
        {words.value.t(said)}
      </p>
    );
  }
  const late = leftBy(round, delay_ms) !== "all";
  return <Lintel from_ms={round.opens_at_ms} to_ms={round.closes_at_ms} label={label} late={late} />;
}

function Doors(props: Stage & { done: () => void }): JSX.Element {
  const { poll, stands, round, text, local, shut, delay_ms, phase, done } = props;
  const { words, evening } = usePage();
  const vote = useVote(props);
  const w = words.value;
  const many = poll.allowance > 1;
  const marked = useSignal<string[] | null>(null);
  const sent = isPending(props) ? chosenOf(poll, local?.move) : stands;
  const picked = marked.value ?? sent.map((choice) => choice.id);
  const late = leftBy(round, delay_ms) !== "all";

  const tap = (id: string): void => {
    if (!many) {
      vote([id]);
      done();
      return;
    }
    const rest = picked.filter((one) => one !== id);
    if (rest.length < picked.length) marked.value = rest;
    else if (picked.length < poll.allowance) marked.value = [...picked, id];
  };
  const count = poll.choices.length;
  const rows = count > 6 ? "doors six many" : count > 4 || count === 3 ? "doors six" : count === 4 ? "doors four" : "doors";
  return (
    <>
      {late && !props.held && <LateNote {...props} />}
      <Clock {...props} label={w.t(round.timing === "appear" ? "secondsLeft" : "locksForAll")} />
      <h1>{w.pick(text.question) || w.pick(text.title)}</h1>
      <div class={phase === "soon" ? `${rows} ready` : rows} role="group" aria-label={w.t("choices")}>
        {poll.choices.map((choice) => {
          const pressed = picked.includes(choice.id);
          return (
            <button
              key={choice.id}
              type="button"
              class={choice.picture ? "door pictured" : "door"}
              style={{ "--c": colourOf(choice.shape) }}
              data-choice={choice.id}
              aria-pressed={pressed}
              disabled={shut || (many && !pressed && picked.length >= poll.allowance)}
              onClick={() => tap(choice.id)}
            >
              <Face of={choice} label={w.pick(choice.label)} among={count}>
                {pressed && (
                  <span class="pick">
                    <Icon name="tick" />
                    {w.t("pick")}
                  </span>
                )}
              </Face>
              {w.pick(choice.detail) && <span class="detail">{w.pick(choice.detail)}</span>}
            </button>
          );
        })}
      </div>
      <div class="push stack">
        <BelowDoors {...props} />
        {stands.length > 0 && !isPending(props) && (
          <button type="button" class="btn line" data-act="keep" onClick={done}>
            {w.t("keepMine", { label: labels(stands, (one) => w.pick(one)) })}
          </button>
        )}
        {late && !local && <p class="note short-hide"><Icon name="info" /><span>{w.t("lateHint")}</span></p>}
        {evening.mine.value.number < 0 && <p class="note">{w.t("seatFirst")}</p>}
      </div>
      {many && (
        <div class="above hand">
          <button
            type="button"
            class="btn go"
            data-act="send"
            disabled={shut || picked.length === 0}
            onClick={() => {
              vote(picked);
              marked.value = null;
              done();
            }}
          >
            {w.t("sendPicks")}
          </button>
        </div>
      )}
    </>
  );
}

/** One line of consequence under the doors: what became of the last tap, or what a tap means. */
function BelowDoors({ poll, local, slot }: Stage): JSX.Element {
  const { words, evening } = usePage();
  const w = words.value;
  if (local && (local.status !== "counted" || !slot)) {
    const said = playState(w, local, evening.showText()?.zone ?? "UTC");
    return (
      <State is={said.is} title={said.title}>
        {said.sub}
      </State>
    );
  }
  const prize = poll.kind === "predict" ? "rightEntry" : "voteEntry";
  const sentences = [
    poll.allowance > 1 ? w.t("pickUpTo", { n: poll.allowance }) : "",
    poll.tickets > 0 ? w.t(prize, { n: poll.tickets }) : "",
    w.t(poll.revise ? "reviseNote" : "onceNote"),
  ];
  return (
    <p class="note">
      <Icon name="wallet" />
      <span>{sentences.filter(Boolean).join(" ")}</span>
    </p>
  );
}

function Receipt(props: Stage & { change: () => void }): JSX.Element {
  const { poll, stands, text, local, slot, shut, change } = props;
  const { words, evening } = usePage();
  const vote = useVote(props);
  const w = words.value;
  const zone = evening.showText()?.zone ?? "UTC";
  const first = stands[0];
  const other = poll.choices.length === 2 ? poll.choices.find((choice) => choice !== first) : undefined;
  const already = local?.status === "already" ? playState(w, local, zone) : null;
  const refused = local?.status === "refused" ? playState(w, local, zone) : null;
  return (
    <>
      <div class="mid stack wide">
        {refused && (
          <State is={refused.is} title={refused.title}>
            {refused.sub}
          </State>
        )}
        <div class="ticket">
          <div class="a">
            <div class="row">
              <span class="seal">
                <Icon name="seal" />
              </span>
              <h1 class="big">{w.t("counted")}</h1>
            </div>
            {stands.map((choice) => (
              <div class="row picked" key={choice.id}>
                <Emblem of={choice} as={`shape ink-${choice.shape}`} />
                <span>
                  <b data-counted={choice.id}>{w.pick(choice.label)}</b>
                  <span class="small">{w.pick(text.title)}</span>
                </span>
              </div>
            ))}
          </div>
          <dl class="b">
            {local && local.counted_at_ms > 0 && !already && (
              <>
                <dt>{w.t("countedAt")}</dt>
                <dd>{w.time(local.counted_at_ms, zone, true)}</dd>
              </>
            )}
            <dt>{w.t("yourNumber")}</dt>
            <dd>{w.number(evening.mine.value.number)}</dd>
            <dt>{w.t("playNumber")}</dt>
            <dd>{w.number(slot?.seq ?? 0)}</dd>
          </dl>
        </div>
        {already ? (
          <State is={already.is} title={w.t("already", { label: labels(stands, (one) => w.pick(one)) })}>
            {already.sub}
          </State>
        ) : (
          <p class="note short-hide">
            <Icon name="shield" />
            <span>{w.t("countedNote")}</span>
          </p>
        )}
      </div>
      <div class="stack wide">
        <Clock {...props} label={w.t(poll.revise ? "changeLeft" : "locksForAll")} />
        {poll.revise ? (
          <button
            type="button"
            class="btn line"
            data-act="change"
            disabled={shut}
            onClick={() => (other && poll.allowance === 1 ? vote([other.id]) : change())}
          >
            {other && poll.allowance === 1 ? w.t("changeTo", { label: w.pick(other.label) }) : w.t("changeMind")}
          </button>
        ) : (
          <p class="sub center">{w.t("stands")}</p>
        )}
      </div>
      <LiveTally {...props} />
    </>
  );
}

/** Counts while a round runs: only where the service sends them, and only after this viewer has answered. */
function LiveTally({ round, poll, stands }: Stage): JSX.Element | null {
  const { evening } = usePage();
  const tally = evening.tally.value;
  if (tally === null || tally.round !== round.id) return null;
  return (
    <section class="card stack wide">
      <Bars poll={poll} stands={stands} counters={tally.counters} outcome="" />
    </section>
  );
}

function Locked(props: Stage): JSX.Element {
  const { phase, text, local, stands } = props;
  const { words, evening } = usePage();
  const w = words.value;
  const said = local && local.status !== "counted" && local.status !== "already" ? local : null;
  const state = said && playState(w, said, evening.showText()?.zone ?? "UTC");
  return (
    <div class="mid stack wide center">
      <p class="eyebrow middle">
        <Icon name="lock" />
        {w.pick(text.title)}
      </p>
      <h1 class="big">{w.t(phase === "closing" ? "timeUp" : "lockedTitle")}</h1>
      <p class="sub">{w.t("lockedSub")}</p>
      {state && (
        <State is={state.is} title={state.title}>
          {state.sub}
        </State>
      )}
      {stands.length > 0 ? (
        <State is="counted" title={w.t("youSaid", { label: labels(stands, (one) => w.pick(one)) })}>
          {w.t("counted")}
        </State>
      ) : (
        !state && <p class="sub">{w.t("youSaidNothing")}</p>
      )}
    </div>
  );
}

function Result(props: Stage): JSX.Element {
  const { round, poll, stands, slot, text, local } = props;
  const { words, evening } = usePage();
  const w = words.value;
  const outcome = String(round.result.outcome ?? "");
  const winner = poll.choices.find((choice) => choice.id === outcome);
  const refused = local?.status === "refused" && stands.length === 0 ? local : null;
  return (
    <>
      <p class="eyebrow">
        {w.pick(text.title)}
        {winner && ` · ${w.t("settledBy")}`}
      </p>
      <h1 class="big">{winner ? w.t("won", { label: w.pick(winner.label) }) : w.t("resultTitle")}</h1>
      {refused ? (
        <State is="refused" title={w.t("refused", { label: refused.label })}>
          {playState(w, refused, evening.showText()?.zone ?? "UTC").sub}
        </State>
      ) : (
        <Fate {...props} outcome={outcome} owned={entriesHeld(evening.mine.value.rounds)} />
      )}
      <section class="card stack wide">
        <h2>{w.t("everyone")}</h2>
        <Bars poll={poll} stands={slot ? stands : []} counters={round.result.tally} outcome={outcome} />
      </section>
    </>
  );
}

const entriesHeld = (rounds: Record<string, { entries: number }>): number =>
  Object.values(rounds).reduce((sum, one) => sum + one.entries, 0);

/** What the result means for this viewer. */
function Fate({ poll, stands, slot, outcome, owned }: Stage & { outcome: string; owned: number }): JSX.Element | null {
  const { words } = usePage();
  const w = words.value;
  if (stands.length === 0) return <p class="sub">{w.t("youSaidNothing")}</p>;
  const label = labels(stands, (one) => w.pick(one));
  if (poll.kind === "predict" && outcome && !stands.some((choice) => choice.id === outcome)) {
    return (
      <State is="late" title={w.t("wrongTitle")}>
        {w.t("wrongSub", { label })}
      </State>
    );
  }
  const entries = slot?.entries ?? 0;
  const title = entries > 0 ? w.t("rightTitle", { n: entries }) : w.t("rightPlain");
  return (
    <State is="counted" title={poll.kind === "predict" ? title : w.t("thanksTitle")}>
      {owned > 0 ? w.t("entriesHeld", { n: owned }) : w.t("youSaid", { label })}
    </State>
  );
}

interface BarsProps {
  poll: PollView;
  stands: Choice[];
  counters: unknown;
  outcome: string;
}

/** The counts, the greatest first; each bar says its figures in words beside it. */
function Bars({ poll, stands, counters, outcome }: BarsProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const tally = readTally(counters);
  const rows = [...poll.choices].sort((a, b) => tally.of(b.id) - tally.of(a.id));
  return (
    <>
      {rows.map((choice) => {
        const share = tally.voters > 0 ? (tally.of(choice.id) / tally.voters) * 100 : 0;
        return (
          <div class="vb" key={choice.id} style={{ "--c": colourOf(choice.shape), "--p": share }} data-bar={choice.id}>
            <div class="h">
              <Emblem of={choice} as="shape" />
              <span>{w.pick(choice.label)}</span>
              {choice.id === outcome && <Tag word={w.t("wonTag")} />}
              {stands.includes(choice) && <Tag word={w.t("yoursTag")} />}
              <em>{w.percent(tally.of(choice.id), tally.voters)}</em>
            </div>
            <div class="tr">
              <div class={`fl pat-${choice.shape}`} />
            </div>
            <span class="small sub num">{w.t("viewers", { n: tally.of(choice.id) })}</span>
          </div>
        );
      })}
    </>
  );
}

function Tag({ word }: { word: string }): JSX.Element {
  return (
    <span class="tag">
      <Icon name="tick" />
      {word}
    </span>
  );
}

function Void({ text }: RoundProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <div class="mid stack wide center">
      <p class="eyebrow middle">{w.pick(text.title)}</p>
      <h1 class="big">{w.t("voidTitle")}</h1>
      <p class="sub">{w.t("voidSub")}</p>
    </div>
  );
}
