"""What the roles share: one Redis or Valkey, or a cluster of them, and in it the show's log.

`valkey` runs a server of our own for one machine, `clients` connects to that or to any other, `keys`
names every key, `log` keeps the ordered log of cues with its digest chain. Boxes are kept by `voting.box`
in the same store. `cluster` is a client that finds each key's node, by what `chart` and `topology` know of
it, and believes a reply when what it says is on enough `disks`.

A command whose reply was lost may or may not have been carried out, and nothing here sends it again by
itself: whoever asked does, with the same id.
"""
