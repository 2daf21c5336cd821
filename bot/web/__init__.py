"""Serves the health pages, and the addresses at which video services call back, over HTTP."""
