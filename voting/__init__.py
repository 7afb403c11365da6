"""Boxes and counting: where votes are held, and how they become numbers.

A *round* is one opening of a game in a segment (`SHOW/SEGMENT/RUN`). Each round has a *box*, and every
viewer who plays has a dense *number* 0, 1, 2 … for the whole evening. Number n owns one *slot* in every
box: slot n mod 65 536 of *page* n div 65 536. A slot is a fixed-width record: a head that is everyone's
(`seq`, `channel`, `flags`) and a body that the game declares. A slot whose `seq` is 0 is empty, and all
zero.

What a slot holds (`layout`), what is counted over slots (`tally`) and which slots earn tickets (`entries`) is
data: it is published when the round opens, so that anyone can recount a box without running a game.
*Counters* are caches of the box. `recount` is the truth they must equal, at every seal.

Keys in the store, all three of a page under one hash tag so that one script may change them together:

    box:{ROUND#PAGE}:slots     string   width bytes a viewer, at ordinal * width
    box:{ROUND#PAGE}:counters  hash     counter -> integer; always the fold of the slots
    box:{ROUND#PAGE}:gate      hash     generation (integer), state (open | locked | sealed)

A *gate* is what makes a lock true: a batch of plays names the generation it was judged under, and the script
refuses it when the gate has moved on or is shut. Nothing is counted after the lock, whatever froze or lagged.

Everything here is pure except `box`. Nothing here knows a game, a clock, a socket or a prize.
"""
