"""Draws, envelopes, vouchers, the ledger, and the files that prove them: `gala-draw/1`.

This package stands alone: it imports nothing of the show, the games or the voting, and gets boxes as bytes
with their layout as data, so that an auditor can read it in an hour. Read in this order:

canonical, merkle, note, tiles     how things are written down, hashed, signed and laid out
slots, places, roster, ranking     boxes -> tickets -> places -> scores: pure arithmetic
boxes, parts                       a round's slots sealed: whole, or of some channels before the others
decks                              the amounts in the envelopes of a rain, exact to one unit
beacon                             the public source of chance
leaves, history                    what the log may say, and in which order
books, ledger                      money, as rows that are only ever added; the tables they stand in
vouchers, codes, holders           a voucher's life, what its owner shows at a till, who holds which
prizes, dues                       what ranks are worth, who follows where nobody came, what is due by now
cashier, payouts                   issued, claimed, redeemed, passed on, returned, closed: each act one step
register                           the door the notary uses: it writes log, files and rows
bundle, accounts, audit            the published directory, and the reading of it
verify                             the same reading again, alone in one file, which travels in the bundle

`SPEC.md` gives every byte. Time and randomness come in as arguments; nothing here reads a clock.
Money is integer minor units with an ISO 4217 code, `XTS` in rehearsals.
"""
