"""The show: its state, folded from the cue log; what lies ahead of it; what it refuses and why. Pure."""
