"""Shotcaller turns a slash command into a finished video in the channel."""

__version__ = "0.1.0"
