"""Shotcaller: a slash command becomes a finished video in the channel."""

__version__ = "0.1.0"
