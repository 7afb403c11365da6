/** The order of what is to come, and what it would be with two segments swapped. Pure. */
import { type Desk, place, type Segment } from "./desk.ts";

export interface Place {
  segment: Segment;
  /** When it would begin, if all that comes keeps its planned length. */
  atMs: number;
  moved: boolean;
}

/** What may still change places: segments that have not begun. */
export function waiting(desk: Desk): Segment[] {
  return desk.segments.filter((segment) => segment.state === "waiting");
}

/** What is to come, as one word to compare. */
export function upcoming(desk: Desk): string {
  return waiting(desk)
    .map((segment) => segment.id)
    .join(" ");
}

/** The pair that Swap proposes: the segment looked at, else the next, with the one after it. */
export function proposed(desk: Desk, lookedAt: string): [Segment, Segment] | null {
  const all = waiting(desk);
  const looked = place(desk, lookedAt)?.segment.id;
  const here = Math.max(0, all.findIndex((segment) => segment.id === looked));
  const first = all[Math.min(here, all.length - 2)];
  const second = all[Math.min(here, all.length - 2) + 1];
  return first && second ? [first, second] : null;
}

/** What is to come with two segments in each other's place; the service works the times out again by itself. */
export function swapped(desk: Desk, one: string, other: string): Place[] {
  const all = waiting(desk);
  const order = all.map((segment) => {
    const id = segment.id === one ? other : segment.id === other ? one : segment.id;
    return all.find((found) => found.id === id) ?? segment;
  });
  let atMs = all[0]?.expected_at_ms ?? 0;
  return order.map((segment, i) => {
    if (segment.absolute) atMs = Math.max(atMs, segment.expected_at_ms);
    const found = { segment, atMs, moved: all[i]?.id !== segment.id };
    atMs += segment.plan_ms;
    return found;
  });
}
