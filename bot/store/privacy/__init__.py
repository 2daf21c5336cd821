"""Exports, forgets and overwrites what is held about people."""
