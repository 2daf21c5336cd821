"""The control API: act as the people in the channel, change their world, and look at what happened."""

from sandbox.control.routes import Control

__all__ = ["Control"]
