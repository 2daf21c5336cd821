"""Recognizes what both services' refusals have in common, beyond their own codes."""

import re
from typing import Final

NO_VIDEO: Final = "no_video"  # our own code: the task is finished, and there is nothing to fetch
PLAIN: Final = frozenset({400, 422, 451})  # statuses that refuse what was asked, not who asked or how often
EXCERPT: Final = 500  # bytes of an error answer's body that is no JSON

# What services write when moderation refuses; their code is then one of many, so the words decide.
_MODERATION: Final = re.compile(
    r"\brisk|\bsensitive|\bpolic(?:y|ies)\b|\bmoderat|\bprohibited|\bnsfw\b|审核|敏感|违规|风控", re.IGNORECASE
)


def is_moderation(words: str) -> bool:
    """Say whether a service's words say that its moderation refuses what was asked."""
    return _MODERATION.search(words) is not None
