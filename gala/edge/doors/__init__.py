"""Who is let in, where, and how fast.

A phone passes three of them: `foyer` before its connection (`window` says over how long all spread who come
back), `joining` for its pass, and `seats` for its number, behind the buckets of `admission` by `networks`.
"""
