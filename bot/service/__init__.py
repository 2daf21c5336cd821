"""Holds the use cases: no discord, no httpx, no SQL."""
