"""The evening: what composes games, voting and rewards into one live show.

A gala is a log of cues over a rundown (`rundown`, `show`, `store.log`). Three roles read it: the *edge* holds
sockets and serves pages, the *conductor* keeps time, the *notary* seals, draws and keeps the books. Each role
has one bounded ``async step(now_ms)``; `cli` is the only place where clock, entropy and environment enter.
"""
