"""The published directory, and the reading of it.

`bundle` writes it. `checks` reads it again from nothing, with `rounds` for boxes and draws, `accounts` for
money, and `keyed` for what only an auditor's keys can show. `proofs` are a single viewer's own.
"""
