"""Serves the operator's page: what is under way, what it costs, what waits for a decision."""
