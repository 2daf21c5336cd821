"""Serves the two video APIs of the sandbox, `kirin` and `kling`, each as its document says."""

from sandbox.providers.providers import Providers

__all__ = ["Providers"]
