"""Probes videos as files, and makes them fit, in a process of their own."""
