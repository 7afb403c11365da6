"""From slots to tickets to places to scores, on numpy, and the two things they need: a seed and a deck.

`slots` reads a box by its layout, `places` orders it so that nobody is known by it, `roster` adds up
tickets, `scores` and `ranking` find the lowest. `beacon` is the public source of chance, `decks` are
amounts exact to one unit, and `stretches` spreads all of it over the processors.
"""
