"""Presets: saved, listed, shared, and used."""
