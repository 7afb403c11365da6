"""The roles of an evening, each put together from what a process has: its store, clock, secret and settings.

A process has all of them, or some, and shares nothing with others but the store:

=========  =============================================================================================
edge       the public listener: pages, sockets, plays. As many as there are viewers for
conductor  timed cues, gates, boards. One, or two
notary     seals, draws, the books and the bundle in GALA_DATA. One
crew       the crew's listener: director, overlay, auditor. One, or as many as there are desks
=========  =============================================================================================

Each has a module of its name here, which is imported where the role is made: an edge does without the
ledger's libraries, and a conductor without those of the sockets. `house` is what they are made from.
"""

ROLES = ("edge", "conductor", "notary", "crew")
