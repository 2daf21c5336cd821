"""Keeps what members have: preferences, presets, drafts, their library, the gallery, feedback."""
