"""Money as rows that are only ever added, and each way in which it moves.

`vouchers` is the life of one, `codes` what its owner shows at a till; `books` folds the rows and `ledger`
stores them, `holders` keeps who has which. `prizes` says what ranks are worth and who follows, `dues` what
is due by now, and `cashier` does it, each act in one transaction.
"""
