"""Serves the health pages over HTTP."""
