/** Desks to look at while building the console: one evening at several moments. Never part of a build. */
import type { DrawParty as Party } from "../src/protocol.gen.ts";
import type { Cue, Desk, Draw, Edge, Round, Segment } from "../src/director/desk.ts";
import type { Tuning } from "../src/director/tuning.ts";

const DAY = Date.parse("2019-11-10T00:00:00+08:00");
const at = (clock: string): number => {
  const [h = 0, m = 0, s = 0] = clock.split(":").map(Number);
  return DAY + ((h * 60 + m) * 60 + s) * 1000;
};

type Row = [title: string, start: string, minutes: number, kind: string, note?: string];
const ROWS: Row[] = [
  ["Opening", "19:30:00", 12, "card"],
  ["Runway: 12 looks", "19:42:00", 14, "card", "see now, buy now"],
  ["Guided card trick", "19:56:00", 8, "card"],
  ["Guest interview", "20:04:00", 6, "card", "guest late, prizes returned"],
  ["Human Tetris", "20:10:00", 6, "game"],
  ["Runway, second half", "20:16:00", 14, "card", "product cards 13 to 24"],
  ["Street-dance battle", "20:30:00", 11, "game"],
  ["Human Candy Crush", "20:41:00", 18, "game"],
  ["Whack the mascots", "21:05:00", 20, "card"],
  ["Red-envelope rain", "21:28:00", 10, "card"],
  ["The first draw", "22:15:00", 12, "draw", "1,000 prizes"],
  ["The star sings", "23:10:00", 8, "card", "phones look up"],
  ["The big draw", "23:30:00", 14, "draw", "beacon in five steps"],
  ["Midnight", "24:00:00", 2, "countdown"],
  ["Thanks and good night", "24:02:00", 3, "card"],
];

const CUES: Record<string, [Cue["do"], Cue["by"], number, Cue["timing"]][]> = {
  card: [["start", "go", 0, "appear"], ["end", "go", 0, "appear"]],
  countdown: [["start", "at", 0, "absolute"], ["end", "after", 120_000, "appear"]],
  game: [
    ["start", "go", 0, "appear"],
    ["open", "go", 0, "predict"],
    ["lock", "after", 36_000, "predict"],
    ["settle", "go", 0, "reveal"],
    ["reveal", "go", 0, "reveal"],
    ["end", "after", 8_000, "appear"],
  ],
  draw: [
    ["start", "go", 0, "appear"],
    ["freeze", "go", 0, "absolute"],
    ["announce", "go", 0, "reveal"],
    ["end", "after", 20_000, "appear"],
  ],
};

const AIR = 4;
/** Planned lengths of the rounds, by segment. */
const WINDOW: Record<number, number> = { 4: 36_000, 6: 120_000, 7: 50_000 };

/** The evening with segment `air` on air and its first `fired` cues done; the next cue a person fires stands by. */
function segments(air: number, fired: number): Segment[] {
  return ROWS.map(([title, start, minutes, kind, note = ""], i) => {
    const state = i < air ? (i === 3 ? "skipped" : "done") : i === air ? "on_air" : "waiting";
    const startMs = at(start);
    const past = state === "done" || state === "on_air";
    const cues = (CUES[kind] ?? []).map(([act, by, after, timing], n): Cue => {
      const done = i < air || (i === air && n < fired);
      return {
        id: `seg-${i + 1}.${act}`,
        label: `${i + 1}.${n + 1}`,
        do: act,
        timing,
        by,
        state: state === "skipped" ? "skipped" : done ? "done" : "waiting",
        note: act === "reveal" ? "on the host’s word" : "",
        after_ms: after,
        due_at_ms: i === air && n === fired && by === "after" ? startMs + 49_000 : by === "at" ? startMs : 0,
        fired_at_ms: done && state !== "skipped" ? startMs + 13_000 - (fired - n) * 4_000 : 0,
        fired_by: done ? (by === "go" ? "Mei" : "conductor") : "",
        needs: act === "settle" ? "outcome" : act === "open" && kind === "game" && !done && tooLate(WINDOW[i] ?? 0) ? "reason" : "",
      };
    });
    return {
      id: `seg-${i + 1}`,
      label: String(i + 1),
      title,
      kind,
      state,
      plan_at_ms: startMs,
      plan_ms: minutes * 60_000,
      expected_at_ms: i > air && kind !== "countdown" ? startMs + 38_000 : startMs,
      note,
      started_at_ms: past ? startMs + (i === 0 ? 0 : 4_000 + i * 900) : 0,
      ended_at_ms: state === "done" ? startMs + minutes * 60_000 + 7_000 : 0,
      absolute: kind === "countdown",
      cues,
      window_ms: kind === "game" ? WINDOW[i] ?? 0 : 0,
      windows: kind === "game" ? windows(0, WINDOW[i] ?? 0) : [],
    };
  });
}

const CHANNELS: [string, string, number][] = [
  ["hall", "Hall", 0],
  ["aerial", "Aerial", 7],
  ["cable", "Cable", 20],
  ["app", "App", 29],
  ["abroad", "Abroad", 45],
];

/** Whether a round of that length is over before the slowest channel sees it. */
function tooLate(windowMs: number): boolean {
  return windowMs <= Math.max(...CHANNELS.map(([, , delay]) => delay)) * 1000;
}

function tunings(): Tuning[] {
  return CHANNELS.map(([channel, name, delay], i) => ({
    channel,
    name,
    delay_ms: delay * 1000,
    planned_ms: channel === "app" ? 25_000 : delay * 1000,
    region: ["", "Jiangsu", "Jiangsu", "", "South-east Asia"][i] ?? "",
    phones: [1_204, 402_118, 511_300, 301_204, 68_185][i] ?? 0,
  }));
}

function windows(open: number, lock: number): Round["windows"] {
  return CHANNELS.map(([channel, name, delay]) => {
    const visible = lock - open - delay * 1000;
    return {
      channel,
      name,
      delay_ms: delay * 1000,
      visible_ms: visible,
      level: visible <= 0 ? "red" : visible < 8_000 ? "yellow" : "ok",
    };
  });
}

const OPEN = at("20:10:13");
const LOCK = at("20:10:49");

function tetris(state: Round["state"], more: Partial<Round> = {}): Round {
  return {
    id: "gala/seg-5/1",
    segment: "seg-5",
    game: "poll",
    timing: "predict",
    state,
    opened_at_ms: OPEN,
    closes_at_ms: LOCK,
    generation: 1,
    pages: 16,
    pages_locked: 0,
    cut_at_ms: 0,
    multiplies: false,
    factor_bp: 0,
    spell_until_at_ms: 0,
    voters: 420_418,
    channels: CHANNELS.map(([channel, name], i) => ({ channel, name, voters: [21_001, 120_440, 158_302, 90_120, 30_555][i] ?? 0 })),
    tied: [],
    allowance: 1,
    choices: [
      { id: "comets", label: "Comets", shape: "disc", count: 241_320, own: 0, channels: [12_000, 80_100, 90_020, 44_100, 15_100] },
      { id: "harbour", label: "Harbour", shape: "diamond", count: 179_098, own: 0, channels: [9_001, 40_340, 68_282, 46_020, 15_455] },
    ],
    outcome: "",
    sealed: false,
    recount_equal: false,
    refused: { locked: 0, enter_first: 41, too_fast: 12, bad_move: 3 },
    refused_by_channel: {},
    windows: windows(OPEN, LOCK),
    ...more,
  };
}

const DANCE: Round = {
  ...tetris("revealed"),
  id: "gala/seg-7/1",
  segment: "seg-7",
  timing: "influence",
  opened_at_ms: at("20:31:00"),
  closes_at_ms: at("20:33:00"),
  voters: 611_204,
  choices: ["disc", "diamond", "triangle", "square", "hexagon", "cross"].map((shape, i) => ({
    id: `crew-${i}`,
    label: ["North Side Crew", "Lantern Street", "Tidal", "Brass Monkeys", "The Late Shift", "Paper Tigers"][i] ?? "",
    shape,
    count: [201_204, 144_020, 98_311, 80_002, 51_290, 36_377][i] ?? 0,
    own: 0,
    channels: [],
  })),
  outcome: "",
  sealed: true,
  recount_equal: true,
  refused: { locked: 312, enter_first: 18 },
  windows: windows(at("20:31:00"), at("20:33:00")),
};

const BEAM_OPEN = at("21:10:10");
const STARS: [string, string, number, number][] = [
  ["Lin Yue", "disc", 8_402_118, 61_020],
  ["Marco Vidal", "diamond", 6_930_447, 48_310],
  ["Amina Said", "triangle", 7_115_902, 70_118],
];

/** A boost: open until 21:12:10, the stage cut off fifteen seconds before. */
function beam(more: Partial<Round> = {}, late = false): Round {
  const lock = at("21:12:10");
  return {
    ...tetris("open"),
    id: "gala/seg-9/1",
    segment: "seg-9",
    game: "boost",
    timing: "influence",
    opened_at_ms: BEAM_OPEN,
    closes_at_ms: lock,
    cut_at_ms: at("21:11:55"),
    multiplies: true,
    allowance: 0,
    voters: 512_880,
    choices: STARS.map(([label, shape, count, own], i) => ({
      id: `star-${i}`,
      label,
      shape,
      count,
      own: late ? own : 0,
      channels: [],
    })),
    refused: { over_cap: 1_204, too_fast: 88, bad_move: 2 },
    windows: windows(BEAM_OPEN, lock),
    ...more,
  };
}

/** A desk at some moment of the balance beam. */
const onBeam = (now: string, round: Round): Desk => {
  const desk = base(now, 8, 2, "seg-9.end");
  const title = "The balance beam";
  return {
    ...desk,
    rounds: [DANCE, round],
    segments: desk.segments.map((segment) => (segment.id === "seg-9" ? { ...segment, title, kind: "game" } : segment)),
  };
};

function base(now: string, air: number, fired: number, standby: string): Desk {
  const rows = segments(air, fired).map((segment) => ({
    ...segment,
    cues: segment.cues.map((cue): Cue => (cue.id === standby ? { ...cue, state: "standby" } : cue)),
  }));
  return {
    epoch: "5e1f",
    version: 218,
    now_ms: at(now),
    rate: 1,
    show: "countdown-gala-2019",
    name: "Gala Night",
    zone: "Asia/Shanghai",
    phase: "live",
    rehearsal: false,
    crew: "Mei",
    held_at_ms: 0,
    killed_at_ms: 0,
    clap: null,
    channels: tunings(),
    on_air: `seg-${air + 1}`,
    standby,
    over_ms: 38_400,
    next_at_ms: at("20:15:30"),
    expected_end_at_ms: at("24:05:38"),
    online: 1_284_011,
    level: 0,
    segments: rows,
    rounds: [],
    draws: [],
    witnesses: [
      { name: "auditor.example/w1", size: 61, at_ms: at(now) - 12_000, awake: true },
      { name: "paper.example/w1", size: 58, at_ms: at(now) - 640_000, awake: false },
    ],
    edges: [321_440, 322_018, 319_207, 321_346].map((phones, i) => ({
      name: `edge-${i + 1}`,
      phones,
      ack_p50_ms: 6.2,
      ack_p99_ms: i === 2 ? 61 : 21.4 + i,
      plays_per_s: 4_600,
      seen_at_ms: at(now),
      rotation: "",
      clock_ms: 0,
      log_lag_ms: 20,
      dropped: i === 1 ? { "ping timeout": 1_204, "reads too slowly": 3 } : {},
      level: 0,
      share: 1,
    })),
    clocks: [],
    store: "",
    as_run: [
      { version: 218, at_ms: OPEN + 41, by: "Mei", what: "go 5.2 open" },
      { version: 217, at_ms: at("20:10:02"), by: "Mei", what: "go 5.1 start" },
      { version: 216, at_ms: at("20:08:40"), by: "Mei", what: "skip 4 Guest interview" },
      { version: 215, at_ms: at("20:04:02"), by: "conductor", what: "3.2 end" },
      { version: 214, at_ms: at("19:56:31"), by: "Mei", what: "go 3.1 start" },
    ],
  };
}

/** As a desk whose rundown says that the slowest channel only watches. */
function onlyWatching(desk: Desk): Desk {
  const watch = <One extends Round | Segment>(one: One): One => ({
    ...one,
    windows: one.windows.map((window) => (window.level === "red" ? { ...window, level: "watch" } : window)),
  });
  return { ...desk, rounds: desk.rounds.map(watch), segments: desk.segments.map(watch) };
}

const live = (): Desk => ({ ...base("20:10:27", AIR, 2, "seg-5.settle"), rounds: [tetris("open")] });
const settle = (): Desk => ({
  ...base("20:12:11", AIR, 3, "seg-5.settle"),
  rounds: [tetris("locked", { pages_locked: 16, sealed: true, recount_equal: true })],
});
const draw = (state: Draw["state"], now: string): Desk => ({
  ...base(now, 10, state === "armed" ? 1 : 2, state === "armed" ? "seg-11.freeze" : "seg-11.announce"),
  rounds: [DANCE, tetris("revealed", { sealed: true, recount_equal: true, outcome: "comets", pages_locked: 16 })],
  next_at_ms: at("22:27:38"),
  draws: [
    {
      draw: 1,
      segment: "seg-11",
      state,
      entrants: 912_007,
      tickets: 1_044_210,
      beacon_round: 4_412_008,
      beacon_at_ms: at("22:16:30"),
      winners: state === "drawn" ? 1_000 : 0,
      prizes: 1_000,
      budget_minor: 55_400_000,
      currency: "XTS",
      problem: "",
      parties: [party("operator", state === "armed" ? "committed" : "revealed"), party("auditor", state === "armed" ? "committed" : "withheld")],
      lapses_at_ms: at("24:44:30"),
      unseen: false,
    },
  ],
});
const party = (name: string, state: Party["state"]): Party => ({
  party: name,
  state,
  committed_at_ms: state === "missing" ? 0 : at("18:02:11"),
  revealed_at_ms: state === "revealed" ? at("22:15:31") : 0,
});
/** A desk on which the draw is still to come. */
function ahead(parties: Party[], awake: boolean): Desk {
  const desk = draw("armed", "21:10:41");
  return {
    ...desk,
    draws: desk.draws.map((one) => ({ ...one, state: "ahead", entrants: 0, tickets: 0, beacon_round: 0, beacon_at_ms: 0, parties })),
    witnesses: desk.witnesses.map((one) => ({ ...one, awake: one.awake && awake, at_ms: awake ? one.at_ms : one.at_ms - 900_000 })),
  };
}

export const DESKS: Record<string, () => Desk> = {
  live,
  settle,
  reveal: () => ({
    ...base("20:13:05", AIR, 4, "seg-5.reveal"),
    rounds: [tetris("settled", { pages_locked: 16, sealed: true, recount_equal: true, outcome: "comets" })],
  }),
  locking: () => ({ ...base("20:10:50", AIR, 3, "seg-5.settle"), rounds: [tetris("locking", { pages_locked: 9 })] }),
  hold: () => ({ ...live(), rehearsal: true, online: 20_000, held_at_ms: at("20:10:27"), now_ms: at("20:10:44") }),
  killed: () => ({
    ...base("20:10:50", AIR, 3, "seg-5.settle"),
    rounds: [tetris("locking", { pages_locked: 9, closes_at_ms: at("20:10:38"), windows: windows(OPEN, at("20:10:38")) })],
    held_at_ms: at("20:10:38"),
    killed_at_ms: at("20:10:38"),
  }),
  clap: () => ({ ...live(), clap: { asked_at_ms: at("20:10:15"), at_ms: 0 } }),
  clapped: () => ({ ...live(), clap: { asked_at_ms: at("20:10:05"), at_ms: at("20:10:16") } }),
  watch: () => onlyWatching(live()),
  short: () => ({ ...base("20:40:50", 7, 1, "seg-8.open"), rounds: [DANCE] }),
  midnight: () => base("23:58:50", 12, 3, "seg-13.end"),
  out: () => {
    const desk = live();
    const why: Partial<Edge>[] = [{}, { rotation: "clock", clock_ms: -78 }, {}, { rotation: "log", log_lag_ms: 1_420 }];
    return { ...desk, edges: desk.edges.map((edge, i) => ({ ...edge, ...why[i] })) };
  },
  pressed: () => {
    const desk = live();
    const why: Partial<Edge>[] = [{}, { level: 1 }, { level: 4, share: 0.25, ack_p99_ms: 870 }, {}];
    return { ...desk, level: 4, edges: desk.edges.map((edge, i) => ({ ...edge, ...why[i] })) };
  },
  boost: () => onBeam("21:10:41", beam()),
  spell: () => onBeam("21:11:02", beam({ factor_bp: 20_000, spell_until_at_ms: at("21:11:43") })),
  cut: () => onBeam("21:12:01", beam({}, true)),
  override: () => base("20:10:09", AIR, 1, "seg-5.open"),
  frozen: () => draw("frozen", "22:16:04"),
  unseen: () => {
    const desk = draw("frozen", "22:16:04");
    return { ...desk, draws: desk.draws.map((one) => ({ ...one, unseen: true })) };
  },
  armed: () => draw("armed", "22:15:20"),
  unready: () => ahead([party("operator", "committed"), party("auditor", "missing")], false),
  ready: () => ahead([party("operator", "committed"), party("auditor", "committed")], true),
  drawn: () => draw("drawn", "22:16:40"),
  before: () => {
    const desk = base("19:24:30", 0, 0, "seg-1.start");
    return {
      ...desk,
      phase: "before",
      on_air: "",
      over_ms: 0,
      online: 301_220,
      next_at_ms: at("19:30:00"),
      as_run: [],
      version: 1,
      segments: desk.segments.map((s) => (s.state === "on_air" ? { ...s, state: "waiting", started_at_ms: 0 } : s)),
    };
  },
  ended: () => {
    const desk = base("24:05:44", 15, 0, "");
    return { ...desk, phase: "ended", on_air: "", next_at_ms: 0, rounds: [DANCE, tetris("void")], online: 80_112 };
  },
};
