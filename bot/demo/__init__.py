"""Plays the shows of `make demo`: the real bot in a sandbox, and somebody who types."""
