"""Draws, envelopes, vouchers, the ledger, and the files that prove them: `gala-draw/1`.

This package stands alone: it imports nothing of the show, the games or the voting, and gets boxes as bytes
with their layout as data, so that an auditor can read it. In this order, each knowing only those before it:

log          how things are written down, hashed, signed and laid out
arithmetic   boxes -> tickets -> places -> scores; decks; the public source of chance
rules        what the log may say, in which order; boxes, rosters and results as leaves
money        rows that are only ever added; a voucher's life; who follows where nobody came
evidence     the published directory, and the reading of it
keeping      the operator's side, which nobody needs for checking anything

An hour is enough for `log`, `arithmetic`, `rules` and `evidence.rounds`: they say who wins. `audit` is the
command that reads a bundle; `verify` does the same reading again, alone in one file, which travels in it.

`SPEC.md` gives every byte. Time and randomness come in as arguments; nothing here reads a clock.
Money is integer minor units with an ISO 4217 code, `XTS` in rehearsals.
"""
