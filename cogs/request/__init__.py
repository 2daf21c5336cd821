"""From what was typed to a submitted request: filled in, checked, and sent on its way."""

from cogs.request.build import (
    build_request,
    defaults_scope,
    models_here,
    offered_here,
    storyboards_here,
    with_defaults,
)
from cogs.request.submit import destination_of, submit

__all__ = [
    "build_request",
    "defaults_scope",
    "destination_of",
    "models_here",
    "offered_here",
    "storyboards_here",
    "submit",
    "with_defaults",
]
