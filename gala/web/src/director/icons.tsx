/** The booth's line icons, on a 24 grid. Each stands beside a word, so all are hidden from readers. */

const PATHS = {
  check: "M4 12.5l5.5 5.5L20 7",
  warn: "M12 3.5L22 20.5H2zM12 10v5M12 17.6v.1",
  barred: "M8 2.8h8l5.2 5.2v8L16 21.2H8L2.8 16V8zM7.5 12h9",
  skip: "M5 5l9 7-9 7zM18 5v14",
  lock: "M5 12.5a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2zM8 10.5v-3a4 4 0 0 1 8 0v3",
  over: "M12 20V4M5 11l7-7 7 7",
  under: "M12 4v16M5 13l7 7 7-7",
  people: "M9 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.5c2.2.8 3.5 2.7 3.5 5.5",
  seal: "M12 2.5l2.4 2 3.1-.3.8 3 2.7 1.6-1.1 2.9 1.1 2.9-2.7 1.6-.8 3-3.1-.3-2.4 2-2.4-2-3.1.3-.8-3L3 14.6l1.1-2.9L3 8.8l2.7-1.6.8-3 3.1.3zM8 12l3 3 5-6",
  link: "M10 14a4.6 4.6 0 0 0 6.5.3l3-3A4.6 4.6 0 0 0 13 4.8l-1 1M14 10a4.6 4.6 0 0 0-6.5-.3l-3 3A4.6 4.6 0 0 0 11 19.2l1-1",
  cut: "M15.5 15.3l4-4A4.6 4.6 0 0 0 13 4.8l-2 2M8.5 8.7l-4 4A4.6 4.6 0 0 0 11 19.2l2-2M4 4l16 16",
  ticket: "M3 7h18v3.2a2 2 0 0 0 0 3.6V17H3v-3.2a2 2 0 0 0 0-3.6zM14.5 7v2m0 2v2m0 2v2",
  clock: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18M12 7v5l3.5 2",
  flag: "M5 21V4h12l-2 4 2 4H5",
  power: "M12 3v9M6.5 7a8 8 0 1 0 11 0",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6",
  swap: "M7 4v15M3.5 15.5L7 19l3.5-3.5M17 20V5M13.5 8.5L17 5l3.5 3.5",
  dial: "M4 8h9M18 8h2M4 16h2M11 16h9M15.5 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8.5 13.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  clap: "M12 2v4M5 4.5l2 3.200M19 4.5l-2 3.200M6 21c-1-4 0-8 3-10.5M18 21c1-4 0-8-3-10.5M9 10.5c1.500 1 4.500 1 6 0",
  list: "M9 6h11M9 12h11M9 18h11M4 6h.1M4 12h.1M4 18h.1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
