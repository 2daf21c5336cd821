"""Hears which step of a job is being carried out, so that its way can be followed; nothing is unless somebody asks."""

from contextlib import AbstractContextManager, nullcontext
from typing import Final

ACCEPT: Final = "accept"  # the step that every job begins with
DELIVER: Final = "deliver"  # each that brings a video to its channel; the others have the names of `Step`


class Span:
    """Forgets what is told of one step."""

    def note(self, **about: str | int) -> None:
        """Hear how the step ended. Never anything that somebody wrote."""


_FORGOTTEN = Span()


class Traces:
    """Follows nothing. `bot/wiring/traces.py` has the one that does."""

    def step(
        self,
        name: str,  # noqa: ARG002 - told to those who follow
        job_id: str,  # noqa: ARG002
        **about: str | int,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        """Hear that a step of a job begins, and by its end how it ended; `about` has no more than names and numbers."""
        return nullcontext(_FORGOTTEN)
