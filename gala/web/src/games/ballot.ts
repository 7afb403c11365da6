import type { ChoiceText, SegmentText } from "../protocol.gen.ts";
import { SHAPE_NAMES, shapeOf, type ShapeName } from "../brand/shapes.tsx";
import type { Text } from "../i18n/words.ts";

/** A choice of a poll, as this page draws it. */
export interface Choice {
  id: string;
  label: Text;
  detail: Text;
  shape: ShapeName;
  /** drawn in outline: there are six shapes, and the seventh choice must not look like the first */
  hollow: boolean;
  /** where its picture is; empty: it has none */
  picture: string;
}

/** What a poll says of itself in `RoundView.public`. */
export interface Poll {
  kind: "predict" | "opinion";
  choices: Choice[];
  allowance: number;
  revise: boolean;
  tickets: number;
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const text = (value: unknown): Text => fields(value) as Text;

/** The choices a round lists, by id or whole; the segment's text fills in. */
export function readChoices(listed: unknown, segment: SegmentText): Choice[] {
  const entries = Array.isArray(listed) ? (listed as unknown[]) : Object.keys(segment.choices);
  return entries.map((entry, place): Choice => {
    const given = typeof entry === "string" ? { id: entry } : fields(entry);
    const id = String(given.id);
    const words: ChoiceText | undefined = segment.choices[id];
    const label = words?.label ?? text(given.label);
    return {
      id,
      label: Object.keys(label).length > 0 ? label : { en: id },
      detail: words?.detail ?? text(given.detail),
      shape: shapeOf(words?.shape || String(given.shape ?? ""), place),
      hollow: place >= SHAPE_NAMES.length,
      picture: words?.picture ? `/pictures/${encodeURIComponent(words.picture)}` : "",
    };
  });
}

/** Reads it, forgiving what is missing: the segment's text fills in, and a poll without rules takes one answer. */
export function readPoll(shown: Record<string, unknown>, segment: SegmentText): Poll {
  return {
    kind: shown.kind === "predict" ? "predict" : "opinion",
    choices: readChoices(shown.choices, segment),
    allowance: typeof shown.allowance === "number" ? shown.allowance : 1,
    revise: shown.revise === true,
    tickets: typeof shown.tickets === "number" ? shown.tickets : 0,
  };
}

/** The choices a slot or a move names, in the poll's order. */
export function chosenOf(poll: Poll, has: Record<string, unknown> | undefined): Choice[] {
  const ids = Array.isArray(has?.choices) ? (has.choices as unknown[]) : [];
  return poll.choices.filter((choice) => ids.includes(choice.id));
}

/** A poll's tally `{voters, choices: {id: n}}`; zeros where the service says nothing. */
export function readTally(tally: unknown): { voters: number; of: (id: string) => number } {
  const { voters, choices } = fields(tally);
  const counts = fields(choices);
  return { voters: Number(voters ?? 0), of: (id) => Number(counts[id] ?? 0) };
}
