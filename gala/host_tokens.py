"""What is said of the host app's tokens and keys by those who cannot check them: see `gala.host_keys`."""

TOKEN_CHARS_MAX = 8_192


class BadHostKeys(Exception):
    """The file holds no keys that can be used; the message says which and why."""


class BadToken(Exception):
    """The token says nothing that we believe; the message says why, and nothing of what it holds."""
