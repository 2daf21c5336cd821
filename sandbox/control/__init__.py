"""The control API: act as the people in the channel, change their world, and look at what happened."""

from sandbox.control.routes import Books, Control

__all__ = ["Books", "Control"]
