"""Puts the bot together."""
