import type { JSX } from "preact";

export const SHAPE_NAMES = ["disc", "diamond", "triangle", "square", "hexagon", "cross"] as const;
export type ShapeName = (typeof SHAPE_NAMES)[number];

const SHADE = "#1b0b15";

const DRAWN: Record<ShapeName, JSX.Element> = {
  disc: (
    <>
      <circle cx="32" cy="32" r="27" fill="currentColor" />
      <circle cx="32" cy="32" r="15" fill="none" stroke={SHADE} stroke-width="4.5" opacity=".5" />
      <circle cx="32" cy="32" r="5" fill={SHADE} opacity=".5" />
    </>
  ),
  diamond: (
    <>
      <path d="M32 3l29 29-29 29L3 32z" fill="currentColor" />
      <path d="M17 32l15-15M22 41l19-19M32 47l15-15" stroke={SHADE} stroke-width="4" opacity=".5" stroke-linecap="round" />
    </>
  ),
  triangle: <path d="M32 7l27 48H5z" fill="currentColor" stroke="currentColor" stroke-width="5" stroke-linejoin="round" />,
  square: <rect x="9" y="9" width="46" height="46" rx="6" fill="currentColor" />,
  hexagon: <path d="M18 7h28l14 25-14 25H18L4 32z" fill="currentColor" />,
  cross: <path d="M23 6h18v17h17v18H41v17H23V41H6V23h17z" fill="currentColor" />,
};

/** The shape of an option: asked for by name, else by its place among the options. */
export function shapeOf(asked: string, place: number): ShapeName {
  return SHAPE_NAMES.find((name) => name === asked) ?? SHAPE_NAMES[place % SHAPE_NAMES.length] ?? "disc";
}

/** An option's colour, which never stands without its shape. */
export const colourOf = (shape: ShapeName): string => `var(--opt-${shape})`;

export function Shape({ name }: { name: ShapeName }): JSX.Element {
  return (
    <svg viewBox="0 0 64 64" aria-hidden="true">
      {DRAWN[name]}
    </svg>
  );
}
