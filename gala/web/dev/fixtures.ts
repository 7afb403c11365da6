import type { DrawView, Mine, RoundView, SegmentText, SegmentView, Show, ShowText, Tally, VoucherView } from "../src/protocol.gen.ts";
import { complete } from "../src/wire/complete.ts";
import type { Link } from "../src/wire/connection.ts";
import type { Seat } from "../src/wire/evening.ts";
import type { LocalPlay, PlayStatus } from "../src/wire/plays.ts";

/** A moment of an invented evening: what a phone would know then. */
export interface Moment {
  link?: Partial<Link>;
  show: Show | null;
  showText: ShowText;
  segmentText: SegmentText | null;
  mine: Mine;
  plays: Record<string, LocalPlay>;
  tally: Tally | null;
  seat?: Partial<Seat>;
  place?: string;
  channel?: string;
}

/** 2019-11-10 20:10:30 in Shanghai. */
export const NOW_MS = Date.UTC(2019, 10, 10, 12, 10, 30);
const ROUND = "gala/tetris/1";

const text: ShowText = {
  name: { en: "Gala Night", "zh-CN": "晚会之夜", ar: "ليلة الحفل" },
  zone: "Asia/Shanghai",
  languages: ["en", "zh-CN"],
  currency: "XTS",
  starts_at_ms: NOW_MS - 2_430_000,
  channels: [
    { id: "hall", name: { en: "I am in the hall", "zh-CN": "在现场", ar: "أنا في القاعة" }, delay_ms: 0 },
    { id: "aerial", name: { en: "Aerial", "zh-CN": "地面电视", ar: "هوائي" }, delay_ms: 7000 },
    { id: "cable", name: { en: "Cable or satellite", "zh-CN": "有线或卫星", ar: "كابل أو قمر" }, delay_ms: 20000 },
    { id: "app", name: { en: "App or website", "zh-CN": "应用或网站", ar: "تطبيق أو موقع" }, delay_ms: 25000 },
    { id: "abroad", name: { en: "From abroad", "zh-CN": "海外", ar: "من الخارج" }, delay_ms: 45000 },
  ],
};

const two = [
  { id: "comets", label: { en: "Comets", "zh-CN": "彗星队", ar: "المذنّبات" }, detail: { en: "Lin Yue’s crew", "zh-CN": "林悦带队", ar: "فريق لين يوي" }, shape: "disc" },
  { id: "harbour", label: { en: "Harbour", "zh-CN": "港湾队", ar: "الميناء" }, detail: { en: "Marco Vidal’s crew", "zh-CN": "马可带队", ar: "فريق ماركو فيدال" }, shape: "diamond" },
];
const six = ["Xia Meng", "Otieno", "Rana Said", "Jun Park", "Malee", "D. Rivera", "The Rivers", "Old Teahouse Band"];

const tetris: SegmentText = complete("SegmentText", {
  title: { en: "Human Tetris", "zh-CN": "真人俄罗斯方块", ar: "تتريس البشري" },
  card: { en: "Two teams, one wall.", "zh-CN": "两队，一面墙。" },
  question: {
    en: "Which team is still standing at the last wall?",
    "zh-CN": "最后一面墙前，哪一队还站着？",
    ar: "أي فريق يبقى واقفًا عند الجدار الأخير؟",
  },
  choices: Object.fromEntries(two.map(({ id, ...rest }) => [id, rest])),
});
const song: SegmentText = complete("SegmentText", {
  title: { en: "Who sings the last song?" },
  question: { en: "Who sings the last song?" },
  choices: Object.fromEntries(six.map((name, i) => [`s${i}`, { label: { en: name } }])),
});
const card = (en: string, body: string): SegmentText => complete("SegmentText", { title: { en }, card: { en: body } });

const segment = (more: Partial<SegmentView>): SegmentView =>
  complete("SegmentView", { id: "tetris", kind: "game", text: "t", started_at_ms: NOW_MS - 60_000, ...more });

const round = (more: Partial<RoundView>): RoundView =>
  complete("RoundView", {
    id: ROUND,
    game: "poll",
    timing: "predict",
    state: "open",
    opens_at_ms: NOW_MS - 6000,
    closes_at_ms: NOW_MS + 14_000,
    generation: 1,
    public: { kind: "predict", choices: two, allowance: 1, revise: true, tally: "hidden", tickets: 1 },
    ...more,
  });
const wide = (more: Record<string, unknown>, n = 6): Partial<RoundView> => ({
  public: {
    kind: "opinion",
    choices: six.slice(0, n).map((name, i) => ({ id: `s${i}`, label: { en: name } })),
    allowance: 1,
    revise: true,
    tickets: 0,
    ...more,
  },
});

const show = (more: Partial<Show>): Show =>
  complete("Show", { epoch: "e", step: 9, version: 4, phase: "live", show: "gala", text: "s", ...more });

const mine = (more: Partial<Mine> = {}): Mine => complete("Mine", { number: 184_907, ...more });
const slot = (choice: string, entries = 0, seq = 1): Mine["rounds"] => ({ [ROUND]: { seq, has: { choices: [choice] }, entries } });

const local = (status: PlayStatus, choice: string, label: string, reason = "", at = ROUND): Record<string, LocalPlay> => ({
  [at]: {
    round: at,
    seq: 1,
    made_at_ms: NOW_MS - 2000,
    move: { choices: [choice] },
    status,
    label,
    title: "Human Tetris",
    reason,
    counted_at_ms: status === "counted" ? NOW_MS - 1500 : 0,
    slot: null,
  },
});

const prizes: DrawView["prizes"] = [
  { tier: 1, title: { en: "Grand voucher" }, count: 1, face_minor: 500_000, currency: "XTS" },
  { tier: 2, title: { en: "Cash voucher" }, count: 100, face_minor: 10_000, currency: "XTS" },
];
const draw = (more: Partial<DrawView>): DrawView => complete("DrawView", { draw: 1, state: "armed", prizes, ...more });
const drawn = {
  entrants: 412_388,
  tickets: 912_007,
  root: "41d09c3be7f8a26d5b1c77e0943fd2aa8e60b5c11f4d7c3290ab5e6d08f1e3f8",
  beacon_round: 24_118_906,
  rehearsal_beacon: true,
};
const voucher = (more: Partial<VoucherView> = {}): VoucherView =>
  complete("VoucherView", {
    id: "v1",
    draw: 1,
    tier: 2,
    title: { en: "Cash voucher" },
    face_minor: 10_000,
    currency: "XTS",
    code: "7F3K-Q2MX-91TD-AB3C",
    valid_from_at_ms: Date.UTC(2019, 10, 10, 16),
    valid_until_at_ms: Date.UTC(2019, 10, 11, 16),
    zone: "Asia/Shanghai",
    rehearsal: true,
    ...more,
  });
const standing = { draw: 1, tickets: 3, entrants: 412_388, won: false, place: 23_661, score: "33b59a4107c2de880f6b1c9a5520e871", cutoff: "0047db0c91aa3e5577f0812bc6d94a10" };

const base: Moment = { show: null, showText: text, segmentText: null, mine: mine(), plays: {}, tally: null, channel: "cable" };
const at = (more: Partial<Moment>): Moment => ({ ...base, ...more });
const poll = (more: Partial<RoundView>, rest: Partial<Moment> = {}): Moment =>
  at({ show: show({ segment: segment({}), round: round(more) }), segmentText: tetris, ...rest });
const drawing = (view: Partial<DrawView>, rest: Partial<Moment> = {}): Moment =>
  at({
    show: show({ segment: segment({ id: "draw", kind: "draw" }), draw: draw(view), rehearsal: true }),
    segmentText: card("The big draw", "Tonight’s vouchers."),
    mine: mine({ rounds: slot("comets", 3) }),
    ...rest,
  });

const result = { outcome: "comets", tally: { voters: 718_446, choices: { comets: 412_388, harbour: 306_058 } } };

/** Every screen by name. */
export const MOMENTS: Record<string, Moment> = {
  joining: at({ link: { state: "joining" }, mine: complete("Mine", {}) }),
  join: at({ show: show({}), mine: complete("Mine", {}) }),
  "join-before": at({ show: show({ phase: "before", rehearsal: true }), mine: complete("Mine", {}), showText: { ...text, starts_at_ms: NOW_MS + 134_000 } }),
  "join-full": at({ show: show({}), mine: complete("Mine", {}), seat: { reason: "hall_full", next_at_ms: 12_000 } }),
  before: at({ show: show({ phase: "before" }), showText: { ...text, starts_at_ms: NOW_MS + 134_000 } }),
  wait: at({ show: show({}) }),
  card: at({ show: show({ segment: segment({ kind: "card" }) }), segmentText: card("Runway: see now, buy now", "What walks past you is on sale from midnight.") }),
  "card-held": at({ show: show({ segment: segment({ kind: "card" }), held: true, rehearsal: true, level: 2 }), segmentText: card("Street dance battle", "Two crews, three rounds.") }),
  "unknown-game": poll({ game: "candy" }),
  lookup: at({ show: show({ segment: segment({ kind: "card", look_up: true }) }), segmentText: card("The star", "Xia Meng is singing.") }),
  countdown: at({ show: show({ segment: segment({ kind: "countdown", countdown_at_ms: NOW_MS + 42_000 }) }), segmentText: card("Midnight", "Vouchers open by themselves.") }),
  "countdown-now": at({ show: show({ segment: segment({ kind: "countdown", countdown_at_ms: NOW_MS - 1000 }) }), segmentText: card("Midnight", "Vouchers are open.") }),
  "poll-two": poll({}),
  "poll-open": poll({ closes_at_ms: 0, timing: "influence" }),
  "poll-late": poll({ opens_at_ms: NOW_MS - 1000, closes_at_ms: NOW_MS + 5500 }),
  "poll-six": poll(wide({}), { segmentText: song }),
  "poll-eight-many": poll(wide({ allowance: 3 }, 8), { segmentText: song }),
  "poll-three": poll(wide({}, 3), { segmentText: song }),
  "poll-sending": poll({}, { plays: local("sending", "comets", "Comets") }),
  "poll-counted": poll({}, { plays: local("counted", "comets", "Comets"), mine: mine({ rounds: slot("comets") }) }),
  "poll-counted-six": poll(wide({}), { segmentText: song, mine: mine({ rounds: slot("s2") }), tally: { round: ROUND, seq: 3, counters: { voters: 1000, choices: { s0: 400, s1: 250, s2: 200, s3: 100, s4: 50 } }, online: 2000 } }),
  "poll-changing": poll({}, { plays: local("sending", "harbour", "Harbour"), mine: mine({ rounds: slot("comets") }) }),
  "poll-already": poll({ public: { kind: "predict", choices: two, allowance: 1, revise: false, tickets: 1 } }, { plays: local("already", "harbour", "Harbour"), mine: mine({ rounds: slot("comets") }) }),
  "poll-refused": poll({}, { plays: local("refused", "comets", "Comets", "too_early") }),
  "poll-nolink-first": poll({}, { link: { state: "down", tries: 1 }, plays: local("kept", "comets", "Comets") }),
  "poll-locked": poll({ state: "locked", closes_at_ms: NOW_MS - 1000 }, { mine: mine({ rounds: slot("comets") }) }),
  "poll-locked-none": poll({ state: "locked", closes_at_ms: NOW_MS - 1000 }),
  "poll-locked-refused": poll({ state: "locked", closes_at_ms: NOW_MS - 1000 }, { plays: local("refused", "comets", "Comets", "locked") }),
  "poll-void": poll({ state: "void" }),
  "result-right": poll({ state: "revealed", result }, { mine: mine({ rounds: slot("comets", 1) }) }),
  "result-wrong": poll({ state: "revealed", result }, { mine: mine({ rounds: slot("harbour") }) }),
  "result-none": poll({ state: "revealed", result }),
  "draw-armed": drawing({}),
  "draw-frozen": drawing({ state: "frozen", ...drawn, beacon_at_ms: NOW_MS + 22_000 }),
  "draw-drawn": drawing({ state: "drawn", ...drawn }),
  "draw-won": drawing({ state: "announced", ...drawn }, { mine: mine({ vouchers: [voucher()], draws: [complete("Standing", { ...standing, won: true, rank: 41, score: "0031aa" + standing.score.slice(6) })], rounds: slot("comets", 3) }) }),
  "draw-not": drawing({ state: "announced", ...drawn }, { mine: mine({ draws: [complete("Standing", standing)], rounds: slot("comets", 3) }) }),
  "draw-not-ranked": drawing({ state: "announced", ...drawn }, { mine: mine({ draws: [complete("Standing", { ...standing, rank: 184 })], rounds: slot("comets", 3) }) }),
  "draw-none": drawing({ state: "announced", ...drawn }, { mine: mine() }),
  voucher: at({ show: show({ rehearsal: true }), place: "voucher/v1", mine: mine({ vouchers: [voucher()] }) }),
  wallet: at({
    show: show({}),
    place: "wallet",
    mine: mine({
      rounds: slot("comets", 3),
      vouchers: [voucher(), voucher({ id: "v2", valid_from_at_ms: NOW_MS - 9_000_000 }), voucher({ id: "v3", state: "redeemed" }), voucher({ id: "v4", state: "expired", face_minor: 500_000 })],
    }),
  }),
  "wallet-empty": at({ show: show({}), place: "wallet" }),
  you: at({ show: show({}), place: "you" }),
  rules: at({ show: show({ draw: draw({}) }), place: "rules" }),
  ended: at({ show: show({ phase: "ended", rehearsal: true }), mine: mine({ vouchers: [voucher()] }) }),
  nolink: at({
    link: { state: "down", tries: 3, next_at_ms: 3000 },
    show: show({ segment: segment({}), round: round({}) }),
    segmentText: tetris,
    plays: { ...local("kept", "comets", "Comets"), ...local("counted", "a", "Old Teahouse Band", "", "gala/song/1"), ...local("refused", "b", "Harbour", "locked", "gala/dance/1") },
  }),
  "bad-pass": at({ link: { state: "refused", reason: "bad_pass" } }),
  full: at({ link: { state: "refused", reason: "hall_full", next_at_ms: 9000 } }),
  refused: at({ link: { state: "refused", reason: "no_such_show" } }),
};
