"""How things are written down, hashed, signed and laid out: what stands in no relation to a draw yet.

`canonical` is the one way to write a leaf, `shapes` says which members it has; `merkle` hashes them into a
tree, `note` signs its checkpoint, `tiles` is how both lie on disk, and `files` puts them there whole or not
at all.
"""
