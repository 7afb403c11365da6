"""The operator's side, which a notary uses: what writes log, files and rows as the evening goes on.

`register` is its door. Behind it `journal` appends leaves, `played` reads the rounds of a draw, `payouts`
closes books by the clock, `standing` knows what a viewer may be told, `watched` keeps cosignatures, `told` is
what is answered, and `reopening` opens books weeks later.
"""
