import type { DrawView, EnvelopeView, Mine, Relief, RoundView, SegmentText, SegmentView, Show, ShowText, Tally, VoucherView } from "../src/protocol.gen.ts";
import type { ClapMemory } from "../src/viewer/clap.ts";
import type { Finding, Report } from "../src/viewer/report.ts";
import { complete } from "../src/wire/complete.ts";
import type { Link } from "../src/wire/connection.ts";
import type { Seat } from "../src/wire/evening.ts";
import type { LocalPlay, PlayStatus } from "../src/wire/plays.ts";
import type { IdentityState } from "../src/viewer/identity.ts";

/** A moment of an invented evening: what a phone would know then. */
export interface Moment {
  link?: Partial<Link>;
  show: Show | null;
  showText: ShowText;
  segmentText: SegmentText | null;
  mine: Mine;
  plays: Record<string, LocalPlay>;
  tally: Tally | null;
  relief?: Partial<Relief>;
  seat?: Partial<Seat>;
  place?: string;
  channel?: string;
  /** this viewer's own delay */
  own_ms?: number;
  /** of the clap that is asked for */
  tap_ms?: number;
  done?: ClapMemory["done"];
  /** what is to be said about the host app's account */
  account?: IdentityState;
  /** what the check of this viewer's proofs found; none while it runs */
  report?: Report;
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
  accounts: false,
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
const MASCOTS = ["hare", "owl", "hedgehog", "ram", "frog", "axolotl"];
/** A poll of `n` choices with pictures, and what the segment says of them. */
const pictured = (n: number, pictures: string[] = MASCOTS): [Partial<RoundView>, Partial<Moment>] => {
  const ids = Array.from({ length: n }, (_, i) => `p${i}`);
  const names = ["Xia Meng", "Otieno", "Rana Said", "The Old Teahouse Band"];
  const choices = Object.fromEntries(
    ids.map((id, i) => [id, { label: { en: `${names[i % names.length] ?? ""} ${i + 1}` }, picture: pictures[i % pictures.length] }]),
  );
  return [
    { public: { kind: "opinion", choices: ids, allowance: n > 6 ? 3 : 1, revise: true, tickets: 1 } },
    { segmentText: complete("SegmentText", { title: { en: "The mascots’ parade" }, question: { en: "Which one do you like?" }, choices }) },
  ];
};
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
    parts: [],
    slot: null,
  },
});

const prizes: DrawView["prizes"] = [
  { tier: 1, title: { en: "Grand voucher" }, count: 1, face_minor: 500_000, least_minor: 0, currency: "XTS" },
  { tier: 2, title: { en: "Cash voucher" }, count: 100, face_minor: 10_000, least_minor: 0, currency: "XTS" },
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
const claimable = { claim_until_at_ms: Date.UTC(2019, 10, 11, 4) };
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

const logKey = "gala/double-eleven+e60b6b88+AW1E+Tn4KdQ1mLze3akN4B22n6pQyqM+jGwyikuQDU2s";
const logged = { index: 214, size: 388, root: "aef3bc77b83258c9322e553825fe90c4b33d57223bbe6c3f1821e564a35451a6" };
const playFound: Finding = {
  id: "gala/tetris/1",
  kind: "box",
  title: "Human Tetris",
  verdict: "fits",
  why: "",
  facts: { kind: "box", ...logged, plays: 718_446, place: 402_113, seq: 2, slot: "0002010001" },
  proof: "{}",
};
const entryFound: Finding = {
  id: "1",
  kind: "roster",
  title: "",
  verdict: "fits",
  why: "",
  facts: {
    kind: "roster",
    ...logged,
    places: 412_388,
    place: 23_661,
    tickets: 3,
    tiers: [
      { tier: 1, score: standing.score.slice(1), cutoff: standing.cutoff, below: false },
      { tier: 2, score: "7a31" + standing.cutoff.slice(4), cutoff: "11" + standing.cutoff.slice(2), below: false },
    ],
    result: "{}",
    decided: { round: 4_412_008, rehearsal: false },
  },
  proof: "{}",
};
const passedOver: Finding = {
  ...entryFound,
  facts: { kind: "roster", ...logged, places: 412_388, place: 23_661, tickets: 1, tiers: [{ tier: 1, score: standing.cutoff, cutoff: standing.cutoff, below: true }], result: "{}" },
};
const keptBack: Finding = { ...playFound, id: "gala/dance/1", title: "Street-dance battle", verdict: "kept_back", why: "kept_back", facts: null, proof: "" };
const notFound: Finding = { ...playFound, verdict: "not", why: "the slot holds play 1 of yours, and the phone made 2", facts: null };
const checked = (report?: Report): Moment =>
  at({ show: show({ phase: "ended", rehearsal: true }), place: "check", mine: mine({ draws: [complete("Standing", standing)] }), ...(report ? { report } : {}) });

const result = { outcome: "comets", tally: { voters: 718_446, choices: { comets: 412_388, harbour: 306_058 } } };

const WHACK = "gala/whack/1";
const mole = (id: number, hole: number, up_ms: number, down_ms: number, mascot: number): number[] => [id, hole, up_ms, down_ms, mascot];
const whackText: SegmentText = complete("SegmentText", { title: { en: "Whack the mascots", "zh-CN": "打吉祥物", ar: "اضرب التمائم" }, card: { en: "They are loose." } });
/** Eleven seconds in: five up, one just caught, one just gone, one about to rise. */
const whack = (more: Partial<RoundView>, rest: Partial<Moment> = {}, caught: number[] = [], sending: number[] = [], threshold = 24): Moment => {
  const opens_at_ms = NOW_MS - 11_000;
  const waves = [
    { index: 2, moles: [mole(16, 5, 9000, 10_700, 3), mole(17, 2, 9800, 11_400, 0), mole(18, 0, 10_300, 11_900, 4), mole(19, 4, 10_500, 11_800, 1), mole(20, 6, 10_600, 12_000, 5), mole(21, 8, 10_800, 12_300, 2)] },
    { index: 3, moles: [mole(24, 3, 11_400, 13_000, 3)] },
  ];
  const round = { id: WHACK, game: "whack", timing: "appear" as const, opens_at_ms, closes_at_ms: NOW_MS + 19_000, public: { holes: 9, threshold, tickets: 1, total: 40, length_ms: 30_000, waves } };
  const hits = [...caught, ...sending].map((id) => [id, NOW_MS - (id === 17 ? 200 : 4000 - id)]);
  const play = local("sending", "", `${hits.length} hits`, "", WHACK)[WHACK] as LocalPlay;
  return at({
    show: show({ segment: segment({ id: "whack" }), round: complete("RoundView", { state: "open", generation: 1, ...round, ...more }) }),
    segmentText: whackText,
    plays: hits.length > 0 ? { [WHACK]: { ...play, move: { hits }, status: sending.length > 0 ? "sending" : "counted" } } : {},
    mine: mine(caught.length > 0 ? { rounds: { [WHACK]: { seq: 3, has: { hits: caught.length, moles: caught, threshold }, entries: 0 } } } : {}),
    ...rest,
  });
};
const upTo = (n: number): number[] => Array.from({ length: n }, (_none, i) => i);

const BOOST = "gala/beam/1";
const beam: SegmentText = complete("SegmentText", {
  title: { en: "Balance beam, second try", "zh-CN": "平衡木，第二次", ar: "عارضة التوازن، المحاولة الثانية" },
  choices: { xia: { label: { en: "Xia Meng", "zh-CN": "夏梦", ar: "شيا منغ" } }, otieno: { label: { en: "Otieno" } }, rana: { label: { en: "Rana Said", ar: "رنا سعيد" } } },
});
const boostTally = { voters: 80_211, choices: { xia: 4_115_200, otieno: 2_980_410, rana: 1_204_000 }, own: {} };
/** `total` tapped of which `counted` are, `own` of those after the cut. */
const boost = (more: Record<string, unknown>, total = 0, counted = 0, own = 0, rest: Partial<Moment> = {}): Moment => {
  const round = { id: BOOST, game: "boost", timing: "influence" as const, opens_at_ms: NOW_MS - 40_000, closes_at_ms: NOW_MS + 32_000, public: { choices: ["xia", "otieno", "rana"], cap: 200, threshold: 100, tickets: 1, taps_per_s: 12 } };
  const play = local(total > counted ? "sending" : "counted", "", `${total} boosts for Xia Meng`, "", BOOST)[BOOST] as LocalPlay;
  return at({
    show: show({ segment: segment({ id: "beam" }), round: complete("RoundView", { state: "open", generation: 1, ...round, ...more }) }),
    segmentText: beam,
    plays: total > 0 ? { [BOOST]: { ...play, move: { total, for: "xia" } } } : {},
    mine: mine(counted > 0 ? { rounds: { [BOOST]: { seq: 9, has: { for: "xia", total: counted, stage: counted - own, own, cap: 200 }, entries: 0 } } } : {}),
    tally: { round: BOOST, seq: 4, counters: boostTally, online: 90_000 },
    ...rest,
  });
};
/** Its taps wait on the phone because the service asked for it. */
const stays = (moment: Moment): Moment => {
  const play = moment.plays[BOOST] as LocalPlay;
  return { ...moment, plays: { [BOOST]: { ...play, status: "kept", reason: "asked" } } };
};
/** Somebody who agrees to be shown among the top fans. */
const fan = (moment: Moment): Moment => {
  const play = moment.plays[BOOST] as LocalPlay;
  return { ...moment, plays: { [BOOST]: { ...play, move: { ...play.move, fan: true } } }, mine: { ...moment.mine, number: 124 } };
};
const won = (moment: Moment, round: string, entries: number): Moment => {
  const held = moment.mine.rounds[round];
  return held ? { ...moment, mine: { ...moment.mine, rounds: { [round]: { ...held, entries } } } } : moment;
};

const RAIN = "gala/red-envelopes/1";
const rainText: SegmentText = complete("SegmentText", {
  title: { en: "Red-envelope rain", "zh-CN": "红包雨", ar: "مطر المظاريف الحمراء", es: "Lluvia de sobres rojos" },
  question: { en: "Catch one. One is yours.", "zh-CN": "接住一个，就是你的。", ar: "التقط واحدًا، فواحد لك.", es: "Atrapa uno. Uno es tuyo." },
});
const grabbed: Mine["rounds"] = { [RAIN]: { seq: 1, has: { grabbed: true }, entries: 0 } };
const deck: DrawView["prizes"] = [{ tier: 1, title: rainText.title, count: 100_000, face_minor: 88_800, least_minor: 128, currency: "XTS" }];
/** Six seconds into fifteen; the draw beside it as far as it has come. */
const rain = (more: Partial<RoundView>, view: Partial<DrawView> = {}, rest: Partial<Moment> = {}): Moment => {
  const round = { id: RAIN, game: "rain", timing: "appear" as const, opens_at_ms: NOW_MS - 6000, closes_at_ms: NOW_MS + 9000, public: {} };
  return at({
    show: show({
      segment: segment({ id: "red-envelopes" }),
      round: complete("RoundView", { state: "open", generation: 1, ...round, ...more }),
      draw: draw({ prizes: deck, ...view }),
      rehearsal: true,
    }),
    segmentText: rainText,
    channel: "hall",
    ...rest,
  });
};
const ended: Partial<RoundView> = { state: "revealed", opens_at_ms: NOW_MS - 60_000, closes_at_ms: NOW_MS - 45_000 };
const dealt = { entrants: 412_008, tickets: 412_008, root: drawn.root, beacon_round: drawn.beacon_round, rehearsal_beacon: true };
const caught = { mine: mine({ rounds: grabbed }) };
const opened = (face_minor: number, rank: number): Partial<Moment> => ({
  mine: mine({ rounds: grabbed, vouchers: [voucher({ tier: 1, title: rainText.title, face_minor })], draws: [complete("Standing", { ...standing, tickets: 1, entrants: 412_008, won: true, rank, score: "0031aa" + standing.score.slice(6) })] }),
});

/** Something else on air, and an envelope of a rain before. */
const kept = (over: Moment, view: Partial<EnvelopeView>, more: Partial<Mine>): Moment => ({
  ...over,
  show: over.show && { ...over.show, envelopes: [complete("EnvelopeView", { round: RAIN, draw: 1, state: "armed", ...view })] },
  mine: { ...over.mine, ...more, rounds: { ...over.mine.rounds, ...grabbed } },
});

/** The moments in which a clap is asked for: over what, tapped so long after the hall's, which was `at_ms` ago. */
const clap = (over: Moment, behind_ms = 0, more: Partial<Moment> = {}, clapped = true): Moment => {
  const at_ms = NOW_MS - 30_000;
  const asked = complete("ClapView", { asked_at_ms: at_ms - 20_000, at_ms: clapped ? at_ms : 0 });
  return { ...over, show: over.show && { ...over.show, clap: asked }, tap_ms: behind_ms ? at_ms + behind_ms + 250 : 0, ...more };
};
const waiting = at({ show: show({ segment: segment({ kind: "card" }) }), segmentText: card("Street dance battle", "Two crews, three rounds.") });

/** Every screen by name. */
export const MOMENTS: Record<string, Moment> = {
  joining: at({ link: { state: "joining" }, mine: complete("Mine", {}) }),
  join: at({ show: show({}), mine: complete("Mine", {}) }),
  "join-before": at({ show: show({ phase: "before", rehearsal: true }), mine: complete("Mine", {}), showText: { ...text, starts_at_ms: NOW_MS + 134_000 } }),
  "join-full": at({ show: show({}), mine: complete("Mine", {}), seat: { reason: "hall_full", next_at_ms: 12_000 } }),
  "join-account": at({ show: show({}), mine: complete("Mine", {}), showText: { ...text, accounts: true } }),
  "join-verified": at({ show: show({}), mine: complete("Mine", { account: true }), showText: { ...text, accounts: true } }),
  "join-refused": at({ show: show({}), mine: complete("Mine", {}), showText: { ...text, accounts: true }, account: "refused" }),
  "account-asks": at({ show: show({}), showText: { ...text, accounts: true }, account: "asks" }),
  "you-account": at({ show: show({}), showText: { ...text, accounts: true }, place: "you" }),
  before: at({ show: show({ phase: "before" }), showText: { ...text, starts_at_ms: NOW_MS + 134_000 } }),
  wait: at({ show: show({}) }),
  card: at({ show: show({ segment: segment({ kind: "card" }) }), segmentText: card("Runway: see now, buy now", "What walks past you is on sale from midnight.") }),
  "card-held": at({ show: show({ segment: segment({ kind: "card" }), held: true, rehearsal: true }), relief: { level: 1 }, segmentText: card("Street dance battle", "Two crews, three rounds.") }),
  "unknown-game": poll({ game: "candy" }),
  lookup: at({ show: show({ segment: segment({ kind: "card", look_up: true }) }), segmentText: card("The star", "Xia Meng is singing.") }),
  countdown: at({ show: show({ segment: segment({ kind: "countdown", countdown_at_ms: NOW_MS + 42_000 }) }), segmentText: card("Midnight", "Vouchers open by themselves.") }),
  "countdown-now": at({ show: show({ segment: segment({ kind: "countdown", countdown_at_ms: NOW_MS - 1000 }) }), segmentText: card("Midnight", "Vouchers are open.") }),
  "poll-two": poll({}),
  "poll-open": poll({ closes_at_ms: 0, timing: "influence" }),
  "poll-ready": poll({ opens_at_ms: NOW_MS + 600, closes_at_ms: NOW_MS + 20_600 }),
  "poll-ready-open": poll({ opens_at_ms: NOW_MS + 600, closes_at_ms: 0 }),
  "poll-ready-six": poll({ ...wide({}), opens_at_ms: NOW_MS + 600, closes_at_ms: NOW_MS + 20_600 }, { segmentText: song }),
  "poll-watch": poll({ watch_only: true }, { channel: "abroad" }),
  "poll-missed": poll({ state: "locked", opens_at_ms: NOW_MS - 500, closes_at_ms: NOW_MS - 4000 }, { channel: "abroad" }),
  "poll-late": poll({ opens_at_ms: NOW_MS - 1000, closes_at_ms: NOW_MS + 5500 }),
  "poll-six": poll(wide({}), { segmentText: song }),
  "poll-eight-many": poll(wide({ allowance: 3 }, 8), { segmentText: song }),
  "poll-three": poll(wide({}, 3), { segmentText: song }),
  "poll-pictures-two": poll(...pictured(2)),
  "poll-pictures-four": poll(...pictured(4)),
  "poll-pictures-six": poll(...pictured(6)),
  "poll-pictures-full": poll(...pictured(64)),
  "poll-pictures-missing": poll(...pictured(4, ["nobody", "owl"])),
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
  "wallet-claims": at({
    show: show({}),
    place: "wallet",
    mine: mine({
      vouchers: [
        voucher(claimable),
        voucher({ id: "v2", state: "claimed", claim_until_at_ms: claimable.claim_until_at_ms, face_minor: 2_000 }),
        voucher({ id: "v3", state: "passed" }),
        voucher({ id: "v4", state: "returned" }),
        voucher({ id: "v5", claim_until_at_ms: NOW_MS - 1 }),
      ],
    }),
  }),
  "voucher-claim": at({ show: show({ rehearsal: true }), place: "voucher/v1", mine: mine({ vouchers: [voucher(claimable)] }) }),
  "voucher-claimed": at({ show: show({}), place: "voucher/v1", mine: mine({ vouchers: [voucher({ ...claimable, state: "claimed" })] }) }),
  "voucher-passed": at({ show: show({}), place: "voucher/v1", mine: mine({ vouchers: [voucher({ ...claimable, state: "passed" })] }) }),
  "draw-claim": drawing({ state: "announced", ...drawn }, { mine: mine({ vouchers: [voucher(claimable)], draws: [complete("Standing", { ...standing, won: true, rank: 41, score: "0031aa" + standing.score.slice(6) })], rounds: slot("comets", 3) }) }),
  "wallet-empty": at({ show: show({}), place: "wallet" }),
  you: at({ show: show({}), place: "you" }),
  "you-own": at({ show: show({}), place: "you", own_ms: 23_400 }),
  quiet: at({ show: show({ segment: segment({}), round: round({}), quiet: true, held: true }), segmentText: tetris }),
  "clap-ask": clap(waiting),
  "clap-ask-playing": clap(poll({})),
  "clap-ask-join": clap(at({ show: show({}), mine: complete("Mine", {}) })),
  "clap-waiting": clap(waiting, 23_400, {}, false),
  "clap-found": clap(waiting, 23_400),
  "clap-found-playing": clap(poll({}), 23_400),
  "clap-early": clap(waiting, -5000),
  "clap-far": clap(waiting, 148_000),
  "clap-used": clap(waiting, 23_400, { done: "used", own_ms: 23_400 }),
  rules: at({ show: show({ draw: draw({}) }), place: "rules" }),
  "check-working": checked(),
  "check-unpublished": checked({ state: "unpublished", key: "", findings: [] }),
  check: checked({ state: "done", key: logKey, findings: [entryFound, playFound, keptBack] }),
  "check-passed-over": checked({ state: "done", key: logKey, findings: [passedOver] }),
  "check-bad": checked({ state: "done", key: logKey, findings: [entryFound, notFound] }),
  ended: at({ show: show({ phase: "ended", rehearsal: true }), mine: mine({ vouchers: [voucher()] }) }),
  nolink: at({
    link: { state: "down", tries: 3, next_at_ms: 3000 },
    show: show({ segment: segment({}), round: round({}) }),
    segmentText: tetris,
    plays: { ...local("kept", "comets", "Comets"), ...local("counted", "a", "Old Teahouse Band", "", "gala/song/1"), ...local("refused", "b", "Harbour", "locked", "gala/dance/1") },
  }),
  "bad-pass": at({ link: { state: "refused", reason: "bad_pass" } }),
  full: at({ link: { state: "refused", reason: "queue", next_at_ms: 83_000, queue: { place: 66_400, wait_ms: 83_000, slot: "" } }, mine: complete("Mine", {}) }),
  "full-playing": at({
    link: { state: "refused", reason: "queue", next_at_ms: 6000, queue: { place: 9600, wait_ms: 12_000, slot: "" } },
    show: show({ segment: segment({}), round: round({}) }),
    segmentText: tetris,
    plays: { ...local("kept", "comets", "Comets"), ...local("counted", "a", "Old Teahouse Band", "", "gala/song/1") },
  }),
  refused: at({ link: { state: "refused", reason: "no_such_show" } }),
  "whack-ready": whack({ opens_at_ms: NOW_MS + 600, closes_at_ms: NOW_MS + 30_600 }),
  "whack-paused": whack({ pauses: [[NOW_MS, 0]] }, {}, [...upTo(16)]),
  "whack-soon": whack({ opens_at_ms: NOW_MS + 7000 }),
  whack: whack({}, {}, [...upTo(16), 17]),
  "whack-sending": whack({}, {}, upTo(14), [17]),
  "whack-earned": whack({}, {}, upTo(17).concat(17), [], 12),
  "whack-refused": whack({}, { plays: { [WHACK]: { ...(local("refused", "", "3 hits", "too_fast", WHACK)[WHACK] as LocalPlay), move: { hits: [[1, NOW_MS - 3000], [17, NOW_MS - 500], [18, NOW_MS - 300]] } } } }, [1]),
  "whack-nolink": whack({}, { link: { state: "down", tries: 1 } }, upTo(9)),
  "whack-over": whack({ state: "locked", closes_at_ms: NOW_MS - 10 }, {}, upTo(11)),
  "whack-result": won(whack({ state: "revealed", result: { tally: { voters: 400_000, hits: 9_120_000 } } }, {}, upTo(31)), WHACK, 1),
  "whack-none": whack({ state: "revealed", result: { tally: { voters: 400_000, hits: 9_120_000 } } }),
  "boost-pick": boost({}),
  boost: boost({ spells: [[NOW_MS - 19_000, NOW_MS + 41_000, 20_000]] }, 147, 141),
  "boost-stays": stays(boost({}, 147, 120, 0, { relief: { level: 4, gather_ms: 2000 } })),
  "boost-uncounted": boost({}, 147, 120, 0, { relief: { level: 5, gather_ms: 2000 } }),
  "poll-pressed": poll({}, { relief: { level: 3, gather_ms: 2000 } }),
  "boost-ready": boost({ opens_at_ms: NOW_MS + 600 }),
  "boost-late": boost({ opens_at_ms: NOW_MS - 1000, closes_at_ms: NOW_MS + 4000 }, 4, 4),
  "boost-one": boost({ public: { choices: ["xia"], cap: 200, threshold: 100, tickets: 1 } }, 20, 20),
  "boost-full": boost({}, 200, 200),
  "boost-fan": fan(boost({}, 147, 147)),
  "boost-cut": boost({ cut_at_ms: NOW_MS - 12_000 }, 180, 171, 12),
  "boost-nolink": boost({}, 60, 44, 0, { link: { state: "down", tries: 1 } }),
  "boost-locked": boost({ state: "locked", closes_at_ms: NOW_MS - 1000 }, 200, 200, 38),
  "boost-result": won(boost({ state: "revealed", result: { tally: boostTally } }, 147, 147), BOOST, 1),
  "rain-ready": rain({ opens_at_ms: NOW_MS + 600, closes_at_ms: NOW_MS + 15_600 }),
  rain: rain({}),
  "rain-paused": rain({ pauses: [[NOW_MS, 0]] }),
  "rain-sending": rain({}, {}, { plays: local("sending", "", "your envelope", "", RAIN) }),
  "rain-kept": rain({}, {}, { link: { state: "down", tries: 1 }, plays: local("kept", "", "your envelope", "", RAIN) }),
  "rain-refused": rain({}, {}, { plays: local("refused", "", "your envelope", "too_early", RAIN) }),
  "rain-sealed": rain({}, {}, { ...caught, tally: { round: RAIN, seq: 2, counters: { voters: 398_112 }, online: 900_000 } }),
  "rain-waits": rain(ended, { state: "frozen", ...dealt, beacon_at_ms: NOW_MS + 21_000 }, caught),
  "rain-opening": rain(ended, { state: "drawn", ...dealt, beacon_at_ms: NOW_MS - 1000 }, caught),
  "rain-late": rain(ended, { state: "frozen", ...dealt, beacon_at_ms: NOW_MS - 60_000 }, caught),
  "rain-opened": rain(ended, { state: "announced", ...dealt }, opened(888, 48_117)),
  "rain-opened-large": rain(ended, { state: "announced", ...dealt }, opened(88_800_00, 1)),
  "rain-empty": rain(ended, { state: "announced", ...dealt }, { mine: mine({ rounds: grabbed, draws: [complete("Standing", { ...standing, tickets: 1, entrants: 412_008 })] }) }),
  "rain-elsewhere": rain(ended, { state: "announced", ...dealt }, caught),
  "rain-none": rain(ended, { state: "frozen", ...dealt, beacon_at_ms: NOW_MS + 21_000 }),
  "kept-waits": kept(poll({}), { state: "frozen", beacon_at_ms: NOW_MS + 10_000 }, {}),
  "kept-whack": kept(whack({}, {}, [...upTo(16), 17]), { state: "frozen", beacon_at_ms: NOW_MS + 10_000 }, {}),
  "kept-soon": kept(at({ show: show({}) }), {}, {}),
  "kept-long": kept(at({ show: show({}) }), { state: "frozen", beacon_at_ms: NOW_MS + 140_000 }, {}),
  "kept-late": kept(at({ show: show({ segment: segment({ look_up: true, kind: "card" }) }) }), { state: "frozen", beacon_at_ms: NOW_MS - 60_000 }, {}),
  "kept-opened": kept(poll({}), { state: "announced", announced_at_ms: NOW_MS - 9000 }, opened(888, 48_117).mine ?? {}),
  "kept-empty": kept(at({ show: show({}) }), { state: "announced", announced_at_ms: NOW_MS - 9000 }, { draws: [complete("Standing", { ...standing, tickets: 1, entrants: 412_008 })] }),
  "rain-void": rain({ ...ended, state: "void" }, {}, caught),
  practice: at({ show: show({ segment: segment({ kind: "card" }) }), segmentText: card("Later", "Whack is next."), place: "practice" }),
};
