// Written by gala/protocol/typescript.py from gala/protocol*.py: change those, then run
//   gala protocol > gala/web/src/protocol.gen.ts

/** The segment on air. `text` is the content hash of its `SegmentText` at `/texts/HASH.json`. */
export interface SegmentView {
  id: string;
  kind: "card" | "countdown" | "draw" | "game";
  text: string;
  started_at_ms: number;
  look_up: boolean;
  countdown_at_ms: number;
}

/**
 * A round as this cohort may see it. Both instants are the cohort's: channel delay is in them.
 *
 * `closes_at_ms` is 0 while nobody knows when it closes (a person will lock it). `cut_at_ms` and
 * `spells` are the hall's instants, for all alike: from the cut on a play counts for the viewer and not
 * for the stage (it may lie ahead; 0: none is known). In a spell, `[from, until, factor_bp]`, points
 * weigh factor_bp ten-thousandths. In a pause, `[from, to]`, the time of what `public` tells stands
 * still (`to` 0: it lasts still); pauses are the cohort's, of rounds which everyone plays for equally
 * long.
 */
export interface RoundView {
  id: string;
  game: string;
  timing: "absolute" | "appear" | "influence" | "predict" | "reveal";
  state: "locked" | "open" | "revealed" | "void";
  opens_at_ms: number;
  closes_at_ms: number;
  generation: number;
  /** the game's own, see games.Game.public */
  public: Record<string, unknown>;
  /** from reveal on: {outcome?, tally} */
  result: Record<string, unknown>;
  cut_at_ms: number;
  spells: number[][];
  pauses: number[][];
  /** this channel is too late to play here */
  watch_only: boolean;
}

/**
 * A tier of a draw: `count` vouchers of `face_minor` minor units of `currency`.
 *
 * `least_minor`: where they are dealt from a deck, the smallest, and `face_minor` the largest; else 0.
 */
export interface PrizeView {
  tier: number;
  title: Record<string, string>;
  count: number;
  face_minor: number;
  currency: string;
  least_minor: number;
}

/** A draw's progress: the roster frozen, the beacon awaited, the winners announced. */
export interface DrawView {
  draw: number;
  state: "announced" | "armed" | "drawn" | "frozen" | "void";
  prizes: PrizeView[];
  rehearsal_beacon: boolean;
  entrants: number;
  tickets: number;
  /** hex, of the roster */
  root: string;
  beacon_round: number;
  beacon_at_ms: number;
  winners: number;
}

/**
 * How far a rain's envelopes are that is not on air, for those who caught one (`Mine.rounds`).
 *
 * Both instants are the hall's; 0: not known yet. It opens when `state` is announced.
 */
export interface EnvelopeView {
  round: string;
  draw: number;
  state: "announced" | "armed" | "drawn" | "frozen" | "void";
  beacon_at_ms: number;
  announced_at_ms: number;
}

/**
 * Viewers are asked to tap when they see the host clap. `at_ms`: when that was in the hall; 0: not
 * yet.
 */
export interface ClapView {
  asked_at_ms: number;
  at_ms: number;
}

/** The whole state one cohort may know; phones keep the greatest (epoch, step). About 1 KiB. */
export interface Show {
  epoch: string;
  step: number;
  version: number;
  phase: "before" | "ended" | "live";
  show: string;
  /** content hash of the ShowText */
  text: string;
  rehearsal: boolean;
  /** how far behind the hall this cohort is taken to be */
  delay_ms: number;
  held: boolean;
  /** the kill switch: nothing to play until the show goes on */
  quiet: boolean;
  clap: ClapView | null;
  segment: SegmentView | null;
  round: RoundView | null;
  draw: DrawView | null;
  /** of rains that are not on air */
  envelopes: EnvelopeView[];
}

export interface ChannelView {
  id: string;
  name: Record<string, string>;
  delay_ms: number;
}

/** `/texts/HASH.json` of the show itself: all languages in one small file. */
export interface ShowText {
  name: Record<string, string>;
  zone: string;
  languages: string[];
  currency: string;
  starts_at_ms: number;
  channels: ChannelView[];
  /** some draw of the evening is for verified accounts alone */
  accounts: boolean;
}

export interface ChoiceText {
  label: Record<string, string>;
  detail: Record<string, string>;
  /** disc diamond triangle square hexagon cross */
  shape: string;
  /** the picture's content hash: it is at ``/pictures/HASH`` */
  picture: string;
}

/** `/texts/HASH.json` of a segment: all languages in one small file. */
export interface SegmentText {
  title: Record<string, string>;
  card: Record<string, string>;
  question: Record<string, string>;
  choices: Record<string, ChoiceText>;
}

/** Absolute counters of a round as of the cohort's time; ephemeral, newest `seq` wins. */
export interface Tally {
  round: string;
  seq: number;
  counters: Record<string, unknown>;
  online: number;
}

/** This viewer's slot in a round: `seq` of the newest counted play, `has` what it says (game's own). */
export interface RoundMine {
  seq: number;
  /** a poll: {choices: [id, …]} */
  has: Record<string, unknown>;
  /** tickets earned, once the cohort may know */
  entries: number;
}

/**
 * A voucher in the wallet. `code` is for its owner only. Times are instants; print them in `zone`.
 *
 * An issued one with `claim_until_at_ms` is to be claimed before then (event `claim`), or it passes on to
 * the next in line. passed: it did; returned: nobody took it in time, and its money went back.
 */
export interface VoucherView {
  id: string;
  draw: number;
  tier: number;
  title: Record<string, string>;
  face_minor: number;
  currency: string;
  code: string;
  valid_from_at_ms: number;
  valid_until_at_ms: number;
  zone: string;
  state: "claimed" | "expired" | "issued" | "passed" | "redeemed" | "returned";
  rehearsal: boolean;
  /** 0: it needs no claim */
  claim_until_at_ms: number;
}

/** How this viewer did in an announced draw, with what is needed to check it. */
export interface Standing {
  draw: number;
  tickets: number;
  entrants: number;
  won: boolean;
  /** 1 = first; 0: not among winners and alternates */
  rank: number;
  /** in the published roster */
  place: number;
  /** hex, best ticket in the first tier; lowest wins */
  score: string;
  /** hex, score of the last winner */
  cutoff: string;
}

/** What is true of this viewer, whole, as far as the cohort may know. */
export interface Mine {
  /** -1: has not entered yet */
  number: number;
  rounds: Record<string, RoundMine>;
  vouchers: VoucherView[];
  draws: Standing[];
  /** the host app has vouched for one: this viewer may win where only accounts may */
  account: boolean;
}

/**
 * What this phone's edge leaves off because it is pressed, told when it changes. level: 0 nothing ·
 * 1 boards come more rarely · 3 gather hits and taps for `gather_ms` real ms before they are sent · 4 and
 * keep boosts on the phone, but for one that earns the entry · 5 nothing is counted for now. Votes are never
 * held back.
 */
export interface Relief {
  level: number;
  gather_ms: number;
}

/** Once per connection. `rate` is how fast gala time runs (1 but in rehearsals). */
export interface Welcome {
  viewer: string;
  pass: string;
  now_ms: number;
  show: Show;
  mine: Mine;
  cohort: string;
  rate: number;
  /** how far behind the hall this viewer is taken to be */
  delay_ms: number;
  /** so much more their cohort's delay is */
  rest_ms: number;
  /** see `gala.protocol.door.Back` */
  back_ms: number;
  /** None: nothing is left off */
  relief: Relief | null;
}

/** Rehearsals only: gala time changed its pace. Forget old `sync` samples. */
export interface Clock {
  now_ms: number;
  rate: number;
}

/**
 * `POST /api/join`, whose answer is `{pass, show}`: a pass for a new viewer, or, with a token of the
 * host app, for the viewer of that account.
 */
export interface Join {
  token: string;
}

/** CONNECT's content. */
export interface Auth {
  pass: string;
  channel: string;
  delay_ms?: number;
  lang: string;
  show: string;
  /** from an earlier refusal's `Queue` */
  slot: string;
}

/** `proof`: the answer to a challenge that this connection was set. */
export interface Enter {
  proof: string;
}

/**
 * With `reason` it was refused; otherwise `pass` is the new, numbered one.
 *
 * proof: enter again with a text for which SHA-256 of `gala/proof/1` NUL `CHALLENGE:TEXT` begins with
 * `bits` zero bits. busy_network: many come from there; again after `retry_after_ms`.
 */
export interface EnterReply {
  pass: string;
  mine: Mine | null;
  reason: string;
  retry_after_ms: number;
  challenge: string;
  bits: number;
}

/**
 * `t0_ms`: the phone's clock. `told_ms`: the `t2_ms` of the newest answer it has, `since_ms` ms ago.
 *
 * From these two the service works out this connection's round trip by its own clock.
 */
export interface Sync {
  t0_ms: number;
  told_ms: number;
  since_ms: number;
}

export interface SyncReply {
  t0_ms: number;
  t1_ms: number;
  t2_ms: number;
}

export interface Play {
  round: string;
  seq: number;
  at_ms: number;
  move: Record<string, unknown>;
}

/** `counted` means durable. `retry`: send the same play again after `retry_after_ms`. */
export interface PlayReply {
  status: "already" | "counted" | "refused" | "retry";
  reason: string;
  refused: unknown[];
  retry_after_ms: number;
  mine: RoundMine | null;
}

export interface Tune {
  channel: string;
  delay_ms?: number;
  lang: string;
}

/** Without `delay_ms` a viewer is taken to watch the channel as it comes. */
export interface TuneReply {
  cohort: string;
  delay_ms: number;
  rest_ms: number;
  reason: string;
}

/** A viewer wants this voucher of theirs. */
export interface Claim {
  voucher: string;
}

/**
 * `claimed` is in the ledger, also when it was before; with the voucher as it stands. `refused`:
 * unknown (not theirs) · expired (the date or the window is over) · test_money. `retry`: the same again
 * after `retry_after_ms`.
 */
export interface ClaimReply {
  status: "claimed" | "refused" | "retry";
  reason: string;
  retry_after_ms: number;
  voucher: VoucherView | null;
}

/** Once per connection of an overlay: what may be on air now. Then `show`, `tally` and `clock`. */
export interface OverlayWelcome {
  now_ms: number;
  show: Show;
  join_url: string;
  tally: Tally | null;
  rate: number;
}

/**
 * The hall is full: `place` in the line, and how long it takes until then. `slot` keeps the place: it
 * is said in the next CONNECT (`Auth.slot`), by whichever tab, to whichever process.
 */
export interface Queue {
  place: number;
  wait_ms: number;
  slot: string;
}

/** A refused CONNECT. Its `queue` goes with the reason `queue`. */
export interface Refusal {
  reason: string;
  retry_after_ms: number;
  queue: Queue | null;
}

/**
 * If the line is lost, come back at a moment of your own within this time: as long as it takes to let
 * everybody in who is here. Also in `Welcome`; told anew when it has become twice or half as long.
 */
export interface Back {
  within_ms: number;
}

/** A planned restart: connect again, each phone at a moment of its own within this time. */
export interface Drain {
  within_ms: number;
}

/** A cue on the director's desk. `label` is `7.3`; `needs` names what GO must bring along. */
export interface DeskCue {
  id: string;
  label: string;
  do: string;
  timing: "absolute" | "appear" | "influence" | "predict" | "reveal";
  by: "after" | "at" | "go";
  state: "done" | "skipped" | "standby" | "waiting";
  note: string;
  after_ms: number;
  /** when the conductor will fire it, if known; on hold: as if it ended at once */
  due_at_ms: number;
  fired_at_ms: number;
  fired_by: string;
  /** reason: what it opens is red for some channel */
  needs: "" | "outcome" | "reason";
}

/** What one channel sees of an open or a planned round's window; `visible_ms` may be negative. */
export interface DeskWindow {
  channel: string;
  name: string;
  delay_ms: number;
  visible_ms: number;
  level: "ok" | "red" | "watch" | "yellow";
}

export interface DeskSegment {
  id: string;
  /** 1, 2, 3 … */
  label: string;
  title: string;
  kind: string;
  state: "done" | "on_air" | "skipped" | "waiting";
  plan_at_ms: number;
  plan_ms: number;
  expected_at_ms: number;
  note: string;
  started_at_ms: number;
  ended_at_ms: number;
  absolute: boolean;
  cues: DeskCue[];
  /** from opening to lock as planned; 0: a person locks, or there is no round */
  window_ms: number;
  /** of the planned round */
  windows: DeskWindow[];
}

/** A channel as tuned by now. `planned_ms`: as the rundown says; `phones`: who watches it now. */
export interface DeskTuning {
  channel: string;
  name: string;
  delay_ms: number;
  planned_ms: number;
  region: string;
  phones: number;
}

/** A choice of a poll with its votes, or a star with its points: `count` on stage, `own` after the cut. */
export interface DeskChoice {
  id: string;
  label: string;
  shape: string;
  count: number;
  own: number;
  /** who chose it, by channel as in DeskRound */
  channels: number[];
}

/** How many have played on a channel. */
export interface DeskChannel {
  channel: string;
  name: string;
  voters: number;
}

/** The newest round: counters are live for the crew, whatever phones may see. */
export interface DeskRound {
  id: string;
  segment: string;
  game: string;
  timing: "absolute" | "appear" | "influence" | "predict" | "reveal";
  state: "locked" | "locking" | "open" | "revealed" | "settled" | "void";
  opened_at_ms: number;
  closes_at_ms: number;
  generation: number;
  pages: number;
  pages_locked: number;
  /** nothing counts for the stage from then on; may lie ahead, 0 if nobody knows */
  cut_at_ms: number;
  /** whether its points can be multiplied */
  multiplies: boolean;
  /** of the spell that runs; 0: none */
  factor_bp: number;
  spell_until_at_ms: number;
  voters: number;
  channels: DeskChannel[];
  /** choices that share the first place */
  tied: string[];
  /** how many choices a ballot may name; 0: the game has no ballots */
  allowance: number;
  choices: DeskChoice[];
  outcome: string;
  sealed: boolean;
  recount_equal: boolean;
  refused: Record<string, number>;
  /** by reason */
  refused_by_channel: Record<string, Record<string, number>>;
  windows: DeskWindow[];
}

/**
 * `rotation`: why it takes no plays now (clock, log, store); empty: it does. `dropped`: connections it
 * ended against their will, by reason. `level`, `share`: of its load, and of the usual rate at which it lets
 * phones in (`gala.edge.load`).
 */
export interface DeskEdge {
  name: string;
  phones: number;
  ack_p50_ms: number;
  ack_p99_ms: number;
  plays_per_s: number;
  seen_at_ms: number;
  rotation: string;
  /** its clock minus the show's */
  clock_ms: number;
  log_lag_ms: number;
  dropped: Record<string, number>;
  level: number;
  share: number;
}

/** A process's gala clock. Unless `right`, its roles do nothing that depends on the time. Real ms. */
export interface DeskClock {
  name: string;
  /** it is the show's clock */
  keeps: boolean;
  right: boolean;
  /** minus the show's */
  off_ms: number;
  /** how far the store's clock is ahead of it */
  store_ms: number;
  system_ms: number;
  /** which of these two are too far away to be followed */
  alarm: string;
  seen_at_ms: number;
}

/** A party of a draw, as the log has it. Withheld: the reveals closed without its own. */
export interface DrawParty {
  party: string;
  state: "committed" | "missing" | "revealed" | "withheld";
  committed_at_ms: number;
  revealed_at_ms: number;
}

/** Who cosigns the log: how many leaves it saw last, and when. Never heard of: zeros. */
export interface DrawWitness {
  name: string;
  size: number;
  at_ms: number;
  /** its last word is so recent that it is there when a draw's reveals close */
  awake: boolean;
}

/** A draw that its segment has begun, and the next one before that (`ahead`). */
export interface DeskDraw {
  draw: number;
  segment: string;
  state: "ahead" | "announced" | "armed" | "drawn" | "frozen" | "void";
  entrants: number;
  tickets: number;
  beacon_round: number;
  beacon_at_ms: number;
  winners: number;
  /** how many there are to win; of a deck, its envelopes */
  prizes: number;
  /** what they are worth together */
  budget_minor: number;
  currency: string;
  problem: string;
  parties: DrawParty[];
  /** void from then on if its reveals are still open; 0: nobody knows yet */
  lapses_at_ms: number;
  /** its reveals are closed, and no witness has cosigned that yet */
  unseen: boolean;
}

/** One line of the as-run: what was done, by whom, when. */
export interface AsRun {
  version: number;
  at_ms: number;
  by: string;
  what: string;
}

/** Whose presses move the show: those of one console. `by`: who took the call there. */
export interface DeskCaller {
  console: string;
  by: string;
  at_ms: number;
}

/** Everything the director's console shows, whole, at most a few times a second (event `desk`). */
export interface Desk {
  epoch: string;
  version: number;
  now_ms: number;
  rate: number;
  show: string;
  name: string;
  zone: string;
  phase: "before" | "ended" | "live";
  rehearsal: boolean;
  /** whose console this is */
  crew: string;
  held_at_ms: number;
  /** since when every screen is quiet; 0: it is not */
  killed_at_ms: number;
  clap: ClapView | null;
  /** nobody has the call: every console may press */
  caller: DeskCaller | null;
  channels: DeskTuning[];
  on_air: string;
  /** cue id */
  standby: string;
  /** against plan; negative: under */
  over_ms: number;
  next_at_ms: number;
  expected_end_at_ms: number;
  online: number;
  /** of the edge that is pressed the most */
  level: number;
  segments: DeskSegment[];
  rounds: DeskRound[];
  draws: DeskDraw[];
  witnesses: DrawWitness[];
  edges: DeskEdge[];
  clocks: DeskClock[];
  /** why nothing can be written to it now; empty: it can */
  store: "" | "full" | "silent";
  /** the newest 50 */
  as_run: AsRun[];
}

/**
 * `POST /api/cues`. `id` makes it idempotent; `expect` names what the act depends on.
 *
 * cue: standby (target: cue id) · go (fires the standby cue; outcome for settle) · hold · resume · skip
 * (target: segment id) · void (target: round id, reason) · multiply (target: round id, factor_bp, ms) ·
 * extend (target: round id, ms; negative: shorten) · retime (target: cue id, at_ms) · swap (target and
 * other: segment ids) · kill (reason) · delay (target: channel id, delay_ms) · ask_clap · clap · call
 * (makes `console` the caller's: from others only call and kill are taken then) · commit (draw, party,
 * commitment) · reveal (draw, party, r) · beacon (draw, signature) · void_draw (draw, reason).
 * A reason with go is an override of a red window; retime and swap need one for what is tied to the clock
 * on the wall. An auditor's pass serves for commit, reveal and beacon. `console`: where it was pressed, at
 * most 40 characters; unsaid: the console of the pass's name.
 */
export interface CuePost {
  id: string;
  cue: string;
  expect: Record<string, unknown>;
  target: string;
  outcome: string;
  reason: string;
  factor_bp: number;
  ms: number;
  other: string;
  at_ms: number;
  delay_ms?: number;
  draw: number;
  party: string;
  /** hex */
  commitment: string;
  /** hex */
  r: string;
  /** hex */
  signature: string;
  console: string;
}

/**
 * 200: {version, show} · 409: {reason, detail, version, show} · 422: {reason, detail}. With the desk.
 *
 * The reasons of a 409: "stale", and "not_caller", whose detail says who took the call and when.
 */
export interface CueReply {
  version: number;
  reason: string;
  detail: string;
  show: Desk | null;
}

/** `POST /api/vouchers/redeem` and `/rollback`: the code as it was typed or scanned. */
export interface TillPost {
  code: string;
}

/**
 * All its fields are always there. `amount` is in minor units of `currency`, 0 when refused; `zone` is
 * that of the voucher's window, whose ends are 0 where no voucher is known. Why it is refused: unknown ·
 * not_yet · expired · used · not_redeemed · closed (its books are) · test_money · key_reused (that
 * Idempotency-Key was for another act or code).
 */
export interface TillReply {
  status: "done" | "refused";
  reason: string;
  amount: number;
  currency: string;
  zone: string;
  valid_from_at_ms: number;
  valid_until_at_ms: number;
}

/** A leaf of the log, without its content: that is published with the bundle. */
export interface EvidenceLeaf {
  index: number;
  schema: string;
  key: string;
  /** hex, as it stands in the tree */
  hash: string;
  at_ms: number;
}

/** A round counted three times: by the counters, by a recount of its box, by the seal in the log. */
export interface EvidenceRound {
  id: string;
  title: string;
  game: string;
  state: "locked" | "locking" | "open" | "sealed" | "void";
  counters: Record<string, number>;
  /** from the seal on */
  recount: Record<string, number>;
  /** the recount says what the counters say, and so does the seal in the log */
  equal: boolean;
  /** slots in the sealed box */
  plays: number;
  /** index in the log; -1: not there yet */
  sealed_leaf: number;
  /** by reason */
  refused: Record<string, number>;
  /** by reason */
  refused_by_channel: Record<string, Record<string, number>>;
}

/** A draw of the rundown; `ahead` until its segment begins. */
export interface EvidenceDraw {
  draw: number;
  state: "ahead" | "announced" | "armed" | "drawn" | "frozen" | "void";
  title: string;
  entrants: number;
  tickets: number;
  /** hex, of the roster */
  root: string;
  beacon_round: number;
  beacon_at_ms: number;
  winners: number;
  parties: DrawParty[];
  /** void from then on if its reveals are still open; 0: nobody knows yet */
  lapses_at_ms: number;
  /** its reveals are closed, and no witness has cosigned that yet */
  unseen: boolean;
}

/** An equation of the ledger with both its sides as they stand; amounts in minor units. */
export interface EvidenceEquation {
  name: string;
  draw: number;
  tier: number;
  currency: string;
  left: number;
  right: number;
  holds: boolean;
}

export interface EvidenceCheck {
  name: string;
  ok: boolean;
  detail: string;
}

/** What the auditor's page shows, whole: `GET /api/evidence`, and event `evidence` to who asked. */
export interface Evidence {
  show: string;
  name: string;
  zone: string;
  version: number;
  now_ms: number;
  phase: "before" | "ended" | "live";
  rehearsal: boolean;
  /** the log's name, with which its checkpoint begins */
  origin: string;
  /** hex, of the leaves so far */
  root: string;
  /** leaves under the published checkpoint; 0: none is published yet */
  signed_size: number;
  signed_at_ms: number;
  /** of the ledger */
  rows: number;
  /** hex, the ledger's running hash */
  chain: string;
  leaves: EvidenceLeaf[];
  rounds: EvidenceRound[];
  draws: EvidenceDraw[];
  witnesses: DrawWitness[];
  equations: EvidenceEquation[];
  /** of the published bundle */
  checks: EvidenceCheck[];
}

/**
 * A network that asked for much in one minute: numbers it was given, and how often it was told to wait.
 *
 * `network`: a tag by which it can be recognised, and not named.
 */
export interface TraceBurst {
  network: string;
  numbers: number;
  held_up: number;
}

/** A minute of the evening, in gala time. Timings are samples, ascending, in ms. */
export interface TraceMinute {
  at_ms: number;
  /** given out */
  numbers: number;
  /** of these to accounts of the host app */
  accounts: number;
  /** by reason and channel */
  refused: Record<string, Record<string, number>>;
  bursts: TraceBurst[];
  /** from a connection to its `enter` */
  entering_ms: number[];
  /** from a round's opening there to a play */
  playing_ms: number[];
}

/** `GET /api/trace`, for an auditor alone: the newest minute first. It is in no bundle. */
export interface Trace {
  minutes: TraceMinute[];
}

/** Why a play is refused: the published list, the same in the browser. */
export const REASONS = ["enter_first", "not_open", "locked", "sealed", "bad_move", "too_early", "too_late", "too_fast", "over_cap", "not_eligible", "hall_full", "unknown_round"] as const;
export type Reason = (typeof REASONS)[number];

/** Every message by its name. */
export interface Messages {
  SegmentView: SegmentView,
  RoundView: RoundView,
  PrizeView: PrizeView,
  DrawView: DrawView,
  EnvelopeView: EnvelopeView,
  ClapView: ClapView,
  Show: Show,
  ChannelView: ChannelView,
  ShowText: ShowText,
  ChoiceText: ChoiceText,
  SegmentText: SegmentText,
  Tally: Tally,
  RoundMine: RoundMine,
  VoucherView: VoucherView,
  Standing: Standing,
  Mine: Mine,
  Relief: Relief,
  Welcome: Welcome,
  Clock: Clock,
  Join: Join,
  Auth: Auth,
  Enter: Enter,
  EnterReply: EnterReply,
  Sync: Sync,
  SyncReply: SyncReply,
  Play: Play,
  PlayReply: PlayReply,
  Tune: Tune,
  TuneReply: TuneReply,
  Claim: Claim,
  ClaimReply: ClaimReply,
  OverlayWelcome: OverlayWelcome,
  Queue: Queue,
  Refusal: Refusal,
  Back: Back,
  Drain: Drain,
  DeskCue: DeskCue,
  DeskWindow: DeskWindow,
  DeskSegment: DeskSegment,
  DeskTuning: DeskTuning,
  DeskChoice: DeskChoice,
  DeskChannel: DeskChannel,
  DeskRound: DeskRound,
  DeskEdge: DeskEdge,
  DeskClock: DeskClock,
  DrawParty: DrawParty,
  DrawWitness: DrawWitness,
  DeskDraw: DeskDraw,
  AsRun: AsRun,
  DeskCaller: DeskCaller,
  Desk: Desk,
  CuePost: CuePost,
  CueReply: CueReply,
  TillPost: TillPost,
  TillReply: TillReply,
  EvidenceLeaf: EvidenceLeaf,
  EvidenceRound: EvidenceRound,
  EvidenceDraw: EvidenceDraw,
  EvidenceEquation: EvidenceEquation,
  EvidenceCheck: EvidenceCheck,
  Evidence: Evidence,
  TraceBurst: TraceBurst,
  TraceMinute: TraceMinute,
  Trace: Trace,
}

/** What an absent field means, and which fields hold messages: one, a list or a map of them. */
export const SHAPES: Record<keyof Messages, Shape> = {
  SegmentView: { absent: {"look_up": false, "countdown_at_ms": 0}, parts: {} },
  RoundView: { absent: {"result": {}, "cut_at_ms": 0, "spells": [], "pauses": [], "watch_only": false}, parts: {} },
  PrizeView: { absent: {"least_minor": 0}, parts: {} },
  DrawView: { absent: {"rehearsal_beacon": false, "entrants": 0, "tickets": 0, "root": "", "beacon_round": 0, "beacon_at_ms": 0, "winners": 0}, parts: {"prizes": {"of": "PrizeView", "as": "list"}} },
  EnvelopeView: { absent: {"beacon_at_ms": 0, "announced_at_ms": 0}, parts: {} },
  ClapView: { absent: {"at_ms": 0}, parts: {} },
  Show: { absent: {"rehearsal": false, "delay_ms": 0, "held": false, "quiet": false, "clap": null, "segment": null, "round": null, "draw": null, "envelopes": []}, parts: {"clap": {"of": "ClapView", "as": "one"}, "segment": {"of": "SegmentView", "as": "one"}, "round": {"of": "RoundView", "as": "one"}, "draw": {"of": "DrawView", "as": "one"}, "envelopes": {"of": "EnvelopeView", "as": "list"}} },
  ChannelView: { absent: {}, parts: {} },
  ShowText: { absent: {"accounts": false}, parts: {"channels": {"of": "ChannelView", "as": "list"}} },
  ChoiceText: { absent: {"detail": {}, "shape": "", "picture": ""}, parts: {} },
  SegmentText: { absent: {"card": {}, "question": {}, "choices": {}}, parts: {"choices": {"of": "ChoiceText", "as": "map"}} },
  Tally: { absent: {}, parts: {} },
  RoundMine: { absent: {"entries": 0}, parts: {} },
  VoucherView: { absent: {"state": "issued", "rehearsal": false, "claim_until_at_ms": 0}, parts: {} },
  Standing: { absent: {"rank": 0, "place": 0, "score": "", "cutoff": ""}, parts: {} },
  Mine: { absent: {"number": -1, "rounds": {}, "vouchers": [], "draws": [], "account": false}, parts: {"rounds": {"of": "RoundMine", "as": "map"}, "vouchers": {"of": "VoucherView", "as": "list"}, "draws": {"of": "Standing", "as": "list"}} },
  Relief: { absent: {"level": 0, "gather_ms": 0}, parts: {} },
  Welcome: { absent: {"rate": 1.0, "delay_ms": 0, "rest_ms": 0, "back_ms": 0, "relief": null}, parts: {"show": {"of": "Show", "as": "one"}, "mine": {"of": "Mine", "as": "one"}, "relief": {"of": "Relief", "as": "one"}} },
  Clock: { absent: {}, parts: {} },
  Join: { absent: {"token": ""}, parts: {} },
  Auth: { absent: {"pass": "", "channel": "", "lang": "", "show": "", "slot": ""}, parts: {} },
  Enter: { absent: {"proof": ""}, parts: {} },
  EnterReply: { absent: {"pass": "", "mine": null, "reason": "", "retry_after_ms": 0, "challenge": "", "bits": 0}, parts: {"mine": {"of": "Mine", "as": "one"}} },
  Sync: { absent: {"told_ms": 0, "since_ms": 0}, parts: {} },
  SyncReply: { absent: {}, parts: {} },
  Play: { absent: {}, parts: {} },
  PlayReply: { absent: {"reason": "", "refused": [], "retry_after_ms": 0, "mine": null}, parts: {"mine": {"of": "RoundMine", "as": "one"}} },
  Tune: { absent: {"channel": "", "lang": ""}, parts: {} },
  TuneReply: { absent: {"cohort": "", "delay_ms": 0, "rest_ms": 0, "reason": ""}, parts: {} },
  Claim: { absent: {}, parts: {} },
  ClaimReply: { absent: {"reason": "", "retry_after_ms": 0, "voucher": null}, parts: {"voucher": {"of": "VoucherView", "as": "one"}} },
  OverlayWelcome: { absent: {"tally": null, "rate": 1.0}, parts: {"show": {"of": "Show", "as": "one"}, "tally": {"of": "Tally", "as": "one"}} },
  Queue: { absent: {}, parts: {} },
  Refusal: { absent: {"retry_after_ms": 0, "queue": null}, parts: {"queue": {"of": "Queue", "as": "one"}} },
  Back: { absent: {}, parts: {} },
  Drain: { absent: {}, parts: {} },
  DeskCue: { absent: {"note": "", "after_ms": 0, "due_at_ms": 0, "fired_at_ms": 0, "fired_by": "", "needs": ""}, parts: {} },
  DeskWindow: { absent: {}, parts: {} },
  DeskSegment: { absent: {"note": "", "started_at_ms": 0, "ended_at_ms": 0, "absolute": false, "cues": [], "window_ms": 0, "windows": []}, parts: {"cues": {"of": "DeskCue", "as": "list"}, "windows": {"of": "DeskWindow", "as": "list"}} },
  DeskTuning: { absent: {"region": "", "phones": 0}, parts: {} },
  DeskChoice: { absent: {"count": 0, "own": 0, "channels": []}, parts: {} },
  DeskChannel: { absent: {}, parts: {} },
  DeskRound: { absent: {"pages": 0, "pages_locked": 0, "cut_at_ms": 0, "multiplies": false, "factor_bp": 0, "spell_until_at_ms": 0, "voters": 0, "channels": [], "tied": [], "allowance": 0, "choices": [], "outcome": "", "sealed": false, "recount_equal": false, "refused": {}, "refused_by_channel": {}, "windows": []}, parts: {"channels": {"of": "DeskChannel", "as": "list"}, "choices": {"of": "DeskChoice", "as": "list"}, "windows": {"of": "DeskWindow", "as": "list"}} },
  DeskEdge: { absent: {"ack_p50_ms": 0, "ack_p99_ms": 0, "plays_per_s": 0, "seen_at_ms": 0, "rotation": "", "clock_ms": 0, "log_lag_ms": 0, "dropped": {}, "level": 0, "share": 1.0}, parts: {} },
  DeskClock: { absent: {"off_ms": 0, "store_ms": 0, "system_ms": 0, "alarm": "", "seen_at_ms": 0}, parts: {} },
  DrawParty: { absent: {"committed_at_ms": 0, "revealed_at_ms": 0}, parts: {} },
  DrawWitness: { absent: {"size": 0, "at_ms": 0, "awake": false}, parts: {} },
  DeskDraw: { absent: {"entrants": 0, "tickets": 0, "beacon_round": 0, "beacon_at_ms": 0, "winners": 0, "prizes": 0, "budget_minor": 0, "currency": "", "problem": "", "parties": [], "lapses_at_ms": 0, "unseen": false}, parts: {"parties": {"of": "DrawParty", "as": "list"}} },
  AsRun: { absent: {}, parts: {} },
  DeskCaller: { absent: {}, parts: {} },
  Desk: { absent: {"held_at_ms": 0, "killed_at_ms": 0, "clap": null, "caller": null, "channels": [], "on_air": "", "standby": "", "over_ms": 0, "next_at_ms": 0, "expected_end_at_ms": 0, "online": 0, "level": 0, "segments": [], "rounds": [], "draws": [], "witnesses": [], "edges": [], "clocks": [], "store": "", "as_run": []}, parts: {"clap": {"of": "ClapView", "as": "one"}, "caller": {"of": "DeskCaller", "as": "one"}, "channels": {"of": "DeskTuning", "as": "list"}, "segments": {"of": "DeskSegment", "as": "list"}, "rounds": {"of": "DeskRound", "as": "list"}, "draws": {"of": "DeskDraw", "as": "list"}, "witnesses": {"of": "DrawWitness", "as": "list"}, "edges": {"of": "DeskEdge", "as": "list"}, "clocks": {"of": "DeskClock", "as": "list"}, "as_run": {"of": "AsRun", "as": "list"}} },
  CuePost: { absent: {"expect": {}, "target": "", "outcome": "", "reason": "", "factor_bp": 0, "ms": 0, "other": "", "at_ms": 0, "draw": 0, "party": "", "commitment": "", "r": "", "signature": "", "console": ""}, parts: {} },
  CueReply: { absent: {"version": 0, "reason": "", "detail": "", "show": null}, parts: {"show": {"of": "Desk", "as": "one"}} },
  TillPost: { absent: {}, parts: {} },
  TillReply: { absent: {"reason": "", "amount": 0, "currency": "", "zone": "", "valid_from_at_ms": 0, "valid_until_at_ms": 0}, parts: {} },
  EvidenceLeaf: { absent: {}, parts: {} },
  EvidenceRound: { absent: {"counters": {}, "recount": {}, "equal": false, "plays": 0, "sealed_leaf": -1, "refused": {}, "refused_by_channel": {}}, parts: {} },
  EvidenceDraw: { absent: {"entrants": 0, "tickets": 0, "root": "", "beacon_round": 0, "beacon_at_ms": 0, "winners": 0, "parties": [], "lapses_at_ms": 0, "unseen": false}, parts: {"parties": {"of": "DrawParty", "as": "list"}} },
  EvidenceEquation: { absent: {}, parts: {} },
  EvidenceCheck: { absent: {}, parts: {} },
  Evidence: { absent: {"rehearsal": false, "origin": "", "root": "", "signed_size": 0, "signed_at_ms": 0, "rows": 0, "chain": "", "leaves": [], "rounds": [], "draws": [], "witnesses": [], "equations": [], "checks": []}, parts: {"leaves": {"of": "EvidenceLeaf", "as": "list"}, "rounds": {"of": "EvidenceRound", "as": "list"}, "draws": {"of": "EvidenceDraw", "as": "list"}, "witnesses": {"of": "DrawWitness", "as": "list"}, "equations": {"of": "EvidenceEquation", "as": "list"}, "checks": {"of": "EvidenceCheck", "as": "list"}} },
  TraceBurst: { absent: {"numbers": 0, "held_up": 0}, parts: {} },
  TraceMinute: { absent: {"numbers": 0, "accounts": 0, "refused": {}, "bursts": [], "entering_ms": [], "playing_ms": []}, parts: {"bursts": {"of": "TraceBurst", "as": "list"}} },
  Trace: { absent: {"minutes": []}, parts: {"minutes": {"of": "TraceMinute", "as": "list"}} },
};

export interface Shape {
  absent: Record<string, unknown>;
  parts: Record<string, { of: keyof Messages; as: "one" | "list" | "map" }>;
}
