"""Renders the real MP4s that the sandbox's video APIs hand out."""
