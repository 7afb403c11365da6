"""Faults, and what is left of every play after them.

A *campaign* runs the real service in processes of its own, lets a crowd play, and does something bad to the
service meanwhile. The crowd writes a *history*: every play it sent, and what it was told. In the end `check`
holds the history against the boxes, knowing nothing else: what was acknowledged is counted, what is counted
was sent, and nothing counts twice. ``make soak`` runs them all at length, ``make test`` a small part of each.
"""
