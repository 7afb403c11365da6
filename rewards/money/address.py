"""Where a ledger may be, besides in a file."""

POSTGRESQL = "postgresql+asyncpg"
"""How the URL of a database begins."""


class BadUrl(ValueError):
    """A ledger's URL that cannot be used. It may hold a password, so it is not repeated here."""
