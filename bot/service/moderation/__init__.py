"""Brings review cases and reports before people, and carries out what they decide."""
