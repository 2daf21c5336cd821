"""Serves Discord's REST API, version 10: one module for each family of routes."""
