"""Draws while the evening runs: the office that leads them, the beacon's relays, and what parties and
witnesses do on machines of their own."""
