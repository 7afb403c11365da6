"""A simulated crowd: viewers over real sockets who behave like people, for demos, rehearsals and tests.

It runs in a process of its own, knows nothing the phone page does not know, and is seeded, so that the same
crowd wants the same things again (what the network makes of it is the network's).
"""
