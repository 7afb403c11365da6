"""What the log may say, in which order, and what follows from what it has said.

`leaves` has each leaf's form, `history` folds them and refuses what may not follow. `boxes`, `parts` and
`chains` are what a round's leaves stand for, `draws` what a draw's do; `witness` is what outsiders have
vouched for.
"""
