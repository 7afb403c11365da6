import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "../viewer/page.ts";
import type { Words } from "../i18n/words.ts";
import type { Key } from "../i18n/en.ts";
import { MASCOTS, mascotOf } from "./mascots.ts";
import { facesAt, struckBy, upAt, type Face, type Hit, type Mole, type Timetable } from "./moles.ts";
import { usePress } from "./press.ts";
import { runningMs, type Pause } from "./running.ts";
import { Sparks } from "./sparks.ts";
import "./whack.css";

/** How far ahead calm mode marks the next door; never farther than the waves have been told. */
const SOON_MS = 600;
/** A soft knock, Hz. */
const KNOCK = [330];
const BUZZ_MS = 15;

export interface FieldProps {
  table: Timetable;
  /** caught on this phone; instants of the clock below */
  hits: readonly Hit[];
  /** caught, as the service knows from elsewhere */
  also: ReadonlySet<number>;
  /** when the timetable begins on that clock */
  opens_at_ms: number;
  /** while the timetable stood still, on that clock */
  pauses: readonly Pause[];
  at_ms(): number;
  /** it stands still now: nothing rises, nothing is caught */
  still: boolean;
  /** it has not begun: doors stand there, dark */
  early?: boolean;
  shut: boolean;
  strike(mole: Mole, at_ms: number): void;
}

interface Seen {
  faces: Face[];
  /** up and free, the one to leave first; what one button catches */
  target: Mole | null;
}

const alike = (a: Seen, b: Seen): boolean =>
  a.target?.id === b.target?.id &&
  a.faces.length === b.faces.length &&
  a.faces.every((face, hole) => face.is === b.faces[hole]?.is && face.mole?.id === b.faces[hole]?.mole?.id);

const stillness = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The nine doors, or one door and one button: the same timetable, the same entry. */
export function Field(props: FieldProps): JSX.Element {
  const { manners, words, ring } = usePage();
  const seen = useSignal<Seen>({ faces: [], target: null });
  const now = useRef(props);
  now.current = props;
  const sparks = useRef(new Sparks());
  const sky = useRef<HTMLCanvasElement>(null);
  const doors = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let frame = 0;
    const draw = (): void => {
      const { table, hits, also, opens_at_ms, pauses, at_ms } = now.current;
      const ran = (instant_ms: number): number => runningMs(opens_at_ms, pauses, instant_ms);
      const t_ms = ran(at_ms());
      const caught = new Map<number, number>();
      for (const id of also) caught.set(id, -Infinity);
      for (const hit of hits) caught.set(hit.mole, ran(hit.at_ms));
      const faces = facesAt(table, caught, t_ms, manners.calm.peek() ? SOON_MS : 0);
      const next = { faces, target: upAt(table, new Set(caught.keys()), t_ms)[0] ?? null };
      if (!alike(seen.peek(), next)) seen.value = next;
      if (sky.current) sparks.current.draw(sky.current, performance.now());
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, []);

  const tap = (hole: number | null): void => {
    const { table, hits, also, opens_at_ms, pauses, at_ms, still, shut, strike } = now.current;
    if (shut || still) return;
    const at = at_ms();
    const ran = (instant_ms: number): number => runningMs(opens_at_ms, pauses, instant_ms);
    const caught = new Set([...also, ...hits.map((hit) => hit.mole)]);
    const recent = hits.map((hit) => ran(hit.at_ms));
    const mole = struckBy(table, caught, recent, hole, ran(at));
    if (mole === null) return;
    strike(mole, at);
    ring(KNOCK);
    if (manners.calm.peek()) return;
    if (manners.vibration.peek()) navigator.vibrate?.(BUZZ_MS);
    const door = doors.current?.children[mole.hole];
    if (door instanceof HTMLElement && !stillness()) {
      const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = door;
      sparks.current.burst(offsetLeft + offsetWidth / 2, offsetTop + offsetHeight / 3, performance.now(), Math.random);
    }
  };
  useKeys(tap);

  const one = manners.button.value;
  const dead = props.shut || props.still;
  const looks = props.still ? "field still" : props.early ? "field early" : "field";
  return (
    <>
      {one ? (
        <OneDoor seen={seen.value} still={props.still} shut={dead} tap={() => tap(null)} />
      ) : (
        <div class={looks}>
          <div
            class="holes"
            role="group"
            aria-label={words.value.t("doors")}
            style={{ "--across": props.table.holes > 9 ? 4 : 3 }}
            ref={doors}
          >
            {Array.from({ length: props.table.holes }, (_none, hole) => (
              <Door key={hole} hole={hole} face={seen.value.faces[hole]} shut={dead} tap={() => tap(hole)} />
            ))}
          </div>
          <canvas class="sky" aria-hidden="true" ref={sky} />
          {props.still && <Still />}
        </div>
      )}
      <Voice target={newest(seen.value.faces)} />
      <Poses />
    </>
  );
}

/** The show is on hold, and the mascots with it. */
function Still(): JSX.Element {
  const { words } = usePage();
  return (
    <p class="stillnote" data-still>
      <Icon name="pause" />
      <span>
        <b>{words.value.t("stillTitle")}</b> {words.value.t("stillSub")}
      </span>
    </p>
  );
}

/** The mascot that rose last, for the voice. */
const newest = (faces: readonly Face[]): Mole | null =>
  faces.reduce<Mole | null>(
    (last, { is, mole }) => (is === "up" && mole && (!last || mole.up_ms >= last.up_ms) ? mole : last),
    null,
  );

/** 1 to 9 are the doors in reading order; on the number pad they lie as the doors do. Space catches what is up. */
function useKeys(tap: (hole: number | null) => void): void {
  const { manners } = usePage();
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const [, row, digit] = /^(Digit|Numpad)([1-9])$/.exec(event.code) ?? [];
      if (digit !== undefined) {
        const place = Number(digit) - 1;
        tap(row === "Numpad" ? (2 - Math.floor(place / 3)) * 3 + (place % 3) : place);
      } else if ((event.code === "Space" || event.code === "Enter") && manners.button.peek()) {
        // A focused button or link hears it by itself.
        if (event.target instanceof Element && event.target.closest("button, a, select, input")) return;
        event.preventDefault();
        tap(null);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

const WORD: Record<"hit" | "gone" | "soon", Key> = { hit: "gotIt", gone: "away", soon: "nextHere" };

function nameOf(words: Words, face: Face | undefined): string {
  if (!face?.mole) return "";
  return face.is === "up" ? words.t(mascotOf(face.mole.mascot).name) : face.is === "empty" ? "" : words.t(WORD[face.is]);
}

function said(words: Words, face: Face | undefined, hole: number): string {
  const n = hole + 1;
  if (!face?.mole || face.is === "empty") return words.t("emptyDoor", { n });
  if (face.is === "soon") return words.t("nextDoor", { n });
  return words.t("atDoor", { name: nameOf(words, face), n });
}

const POSE: Record<Face["is"], string> = { empty: "", soon: "", up: "", hit: "#hit", gone: "#miss" };

function Mascot({ face }: { face: Face | undefined }): JSX.Element | null {
  if (!face?.mole || face.is === "soon" || face.is === "empty") return null;
  const { picture } = mascotOf(face.mole.mascot);
  return <img key={`${face.mole.id}${face.is}`} src={picture + POSE[face.is]} alt="" draggable={false} />;
}

interface DoorProps {
  hole: number;
  face: Face | undefined;
  shut: boolean;
  tap: () => void;
}

function Door({ hole, face, shut, tap }: DoorProps): JSX.Element {
  const { words } = usePage();
  const press = usePress(tap);
  const w = words.value;
  return (
    <button
      type="button"
      class="hole"
      data-face={face?.is ?? "empty"}
      data-hole={hole + 1}
      data-mole={face?.is === "up" ? face.mole?.id : undefined}
      aria-label={said(w, face, hole)}
      disabled={shut}
      {...press}
    >
      <Mascot face={face} />
      <i>{nameOf(w, face)}</i>
    </button>
  );
}

/** What one door shows of nine: who is up and leaves first, else what became of the last one, else who comes. */
function foremost({ faces, target }: Seen): { face: Face; hole: number } | null {
  if (target) return { face: { is: "up", mole: target }, hole: target.hole };
  for (const is of ["hit", "soon", "gone"] as const) {
    const hole = faces.findIndex((face) => face.is === is);
    const face = faces[hole];
    if (face) return { face, hole };
  }
  return null;
}

interface OneDoorProps {
  seen: Seen;
  still: boolean;
  shut: boolean;
  tap(): void;
}

function OneDoor({ seen, still, shut, tap }: OneDoorProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const press = usePress(tap);
  const shown = foremost(seen);
  return (
    <>
      <div class={still ? "field still" : "field"}>
        <div class="hole one" data-face={shown?.face.is ?? "empty"} data-mole={seen.target?.id}>
          <Mascot face={shown?.face} />
          <i>{shown ? said(w, shown.face, shown.hole) : w.t("waitFor")}</i>
        </div>
        {still && <Still />}
      </div>
      <div class="push stack">
        <button
          type="button"
          class="btn go catch"
          data-act="catch"
          disabled={shut}
          {...press}
          onKeyDown={(event) => {
            if (event.repeat) event.preventDefault();
          }}
        >
          {w.t("catchIt")}
        </button>
        <p class="tiny center">{w.t("catchNote")}</p>
      </div>
    </>
  );
}

/** Says who has risen, and where. */
function Voice({ target }: { target: Mole | null }): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  return (
    <p class="sr" aria-live="polite" data-voice>
      {target ? w.t("atDoor", { name: w.t(mascotOf(target.mascot).name), n: target.hole + 1 }) : ""}
    </p>
  );
}

/** All pictures, fetched before the first is needed. */
function Poses(): JSX.Element {
  return (
    <div class="poses" aria-hidden="true">
      {MASCOTS.map(({ name, picture }) => (
        <img key={name} src={picture} alt="" />
      ))}
    </div>
  );
}

/** How one plays: kept on this phone, and changed in the middle of a round if need be. */
export function Ways(): JSX.Element {
  const { words, manners } = usePage();
  const w = words.value;
  const { calm, button } = manners;
  return (
    <div class="row ways">
      <button type="button" class="btn line" data-act="calm" aria-pressed={calm.value} onClick={() => (calm.value = !calm.value)}>
        <Icon name={calm.value ? "tick" : "calm"} />
        {w.t("calmMode")}
      </button>
      <button
        type="button"
        class="btn line"
        data-act="button"
        aria-pressed={button.value}
        onClick={() => (button.value = !button.value)}
      >
        <Icon name={button.value ? "tick" : "hand"} />
        {w.t("oneButton")}
      </button>
    </div>
  );
}
