"""What the roles share: one Redis or Valkey, and in it the show's log.

`valkey` runs a server of our own for one machine, `clients` connects to that or to any other, `keys`
names every key, `log` keeps the ordered log of cues with its digest chain. Boxes are kept by `voting.box`
on the same server.

A command whose reply was lost may or may not have been carried out, and nothing here sends it again by
itself: whoever asked does, with the same id.
"""
