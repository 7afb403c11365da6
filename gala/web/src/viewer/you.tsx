import type { JSX } from "preact";
import { LANGUAGES, type Lang } from "../i18n/words.ts";
import { Icon } from "../brand/icons.tsx";
import { Practice } from "../games/practice.tsx";
import { AccountNote, Channels } from "./join.tsx";
import { OwnDelay } from "./owndelay.tsx";
import { usePage } from "./page.ts";

/** The viewer's own settings. All of them live on this phone; channel and language are told to the service. */
export function You(): JSX.Element {
  const { evening, words, manners } = usePage();
  const w = words.value;
  const { number } = evening.mine.value;
  return (
    <>
      <h1>{w.t("youTitle")}</h1>
      {number >= 0 && (
        <p class="eyebrow">
          <Icon name="you" />
          <span>
            {w.t("yourNumber")}: <b class="num">{w.number(number)}</b>
          </span>
        </p>
      )}
      <AccountNote />
      <label class="opt">
        <Icon name="globe" />
        <b>{w.t("language")}</b>
        <select
          value={manners.lang.value}
          onChange={(event) => (manners.lang.value = event.currentTarget.value as Lang)}
        >
          {Object.entries(LANGUAGES).map(([tag, { name }]) => (
            <option value={tag} lang={tag} key={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Channels />
      <p class="note">
        <Icon name="info" />
        <span>{w.t("channelNote")}</span>
      </p>
      <OwnDelay />
      <Choice
        title={w.t("hand")}
        note={w.t("handNote")}
        options={[
          ["left", w.t("handLeft")],
          ["right", w.t("handRight")],
        ]}
        chosen={manners.hand.value}
        choose={(hand) => (manners.hand.value = hand === "left" ? "left" : "right")}
      />
      <Switch title={w.t("sound")} note={w.t("soundNote")} is={manners.sound.value} set={(on) => (manners.sound.value = on)} />
      <Switch title={w.t("calm")} note={w.t("calmNote")} is={manners.calm.value} set={(on) => (manners.calm.value = on)} />
      <Switch
        title={w.t("oneButton")}
        note={w.t("sameEntry")}
        is={manners.button.value}
        set={(on) => (manners.button.value = on)}
      />
      <Switch
        title={w.t("vibration")}
        note={w.t("vibrationNote")}
        is={manners.vibration.value}
        set={(on) => (manners.vibration.value = on)}
      />
      <a class="btn line" href="#practice">
        <Icon name="practice" />
        {w.t("practiceStart")}
      </a>
      <a class="btn quiet" href="#rules">
        {w.t("rulesLink")}
      </a>
    </>
  );
}

interface ChoiceProps {
  title: string;
  note: string;
  options: [value: string, label: string][];
  chosen: string;
  choose: (value: string) => void;
}

function Choice({ title, note, options, chosen, choose }: ChoiceProps): JSX.Element {
  return (
    <fieldset class="opt pair">
      <legend class="sr">{title}</legend>
      <span class="grow">
        <b aria-hidden="true">{title}</b>
        <small>{note}</small>
      </span>
      {options.map(([value, label]) => (
        <label class="seg" key={value}>
          <input type="radio" name={title} value={value} checked={value === chosen} onChange={() => choose(value)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function Switch({ title, note, is, set }: { title: string; note: string; is: boolean; set: (on: boolean) => void }): JSX.Element {
  const { words } = usePage();
  return (
    <button type="button" class="opt" role="switch" aria-checked={is} onClick={() => set(!is)}>
      <span class="grow">
        <b>{title}</b>
        <small>{note}</small>
      </span>
      <span class="onoff" aria-hidden="true">
        {words.value.t(is ? "on" : "off")}
      </span>
    </button>
  );
}

const RULES = ["rule1", "rule2", "rule3", "rule4", "rule5", "rule6"] as const;

/** A practice outside of any round; the stage calls one back by itself when a round opens. */
export function PracticePlace(): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <>
      <h1 class="sr">{w.t("practiceStart")}</h1>
      <Practice />
      <a class="btn quiet" href="#stage">
        {w.t("back")}
      </a>
    </>
  );
}

/** Rules, prizes and odds, on one screen. */
export function Rules(): JSX.Element {
  const { evening, words } = usePage();
  const w = words.value;
  const draw = evening.show.value?.draw;
  return (
    <>
      <h1>{w.t("rulesTitle")}</h1>
      <ol class="rules">
        {RULES.map((rule) => (
          <li key={rule}>{w.t(rule)}</li>
        ))}
      </ol>
      <section class="card">
        <h2>{w.t("prizes")}</h2>
        {draw ? (
          draw.prizes.map((prize) => (
            <p class="next" key={prize.tier}>
              <b class="num">{w.t("prizeOf", { count: prize.count, money: w.money(prize.face_minor, prize.currency) })}</b>
              <span>{w.pick(prize.title)}</span>
            </p>
          ))
        ) : (
          <p class="small sub">{w.t("prizesLater")}</p>
        )}
      </section>
      <div class="push hand">
        <a class="btn line" href="#stage">
          {w.t("back")}
        </a>
      </div>
    </>
  );
}
