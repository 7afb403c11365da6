"""Stands before the tests' own aiohttp in the services that they start: one that was installed has none."""

raise ImportError("an installed service has no aiohttp")
