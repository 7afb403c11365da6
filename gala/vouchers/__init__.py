"""Vouchers while the service runs: what phones hold, what only the notary may do and how it is asked for, the
counter that stays open."""
