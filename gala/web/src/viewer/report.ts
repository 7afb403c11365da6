/** What a check of one viewer's own proofs comes to, as the page shows it. */
import type { BoxFacts, RosterFacts } from "../check/proof.ts";

/** fits · not: something does not fit · kept_back: too few plays for a proof · none: the round was never sealed · away: no answer */
export interface Finding {
  id: string;
  kind: "box" | "roster" | "log";
  title: string;
  verdict: "fits" | "not" | "kept_back" | "unpublished" | "none" | "away";
  /** for `not` and `away`: what, as the check or the service says it, in English */
  why: string;
  facts: BoxFacts | RosterFacts | null;
  /** the proof as it came, to be kept */
  proof: string;
}

export interface Report {
  state: "unpublished" | "done";
  /** the log's verifier key everything was held against */
  key: string;
  findings: Finding[];
}

export interface Ask {
  pass: string;
  /** a round as its viewer knows it */
  title: (round: string) => string;
}
