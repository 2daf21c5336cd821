"""Screens requests before they are made, and videos after it."""
