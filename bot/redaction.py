"""Takes everything secret out of texts: of the log, errors of providers, mistakes in the settings and doctor."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

HIDDEN: Final = "[hidden]"
PRIVATE: Final = frozenset({"prompt", "negative_prompt", "token", "authorization"})
"""Fields that are never written, however deep they lie in an extra of the log."""

_SHORTEST_SECRET: Final = 6  # characters; hiding shorter ones would only tear words apart

_NAMES: Final = "|".join(sorted(PRIVATE))
_QUOTED: Final = r"""(?:'(?:\\.|[^'\\])*(?:'|$)|"(?:\\.|[^"\\])*(?:"|$))"""
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        # a private field inside a text: JSON, the repr of a dict, the repr of a value
        (rf"""(?i)(\b(?:{_NAMES})["']?\s*[:=]\s*){_QUOTED}""", rf'\1"{HIDDEN}"'),
        (r"(input_value=).*?(?=, input_type=)", rf"\1{HIDDEN}"),  # pydantic shows what was typed
        (r"(?i)\b(bearer)\s+[\w.~+/=-]+", rf"\1 {HIDDEN}"),
        (r"(?<![\w-])[\w-]{20,}\.[\w-]{6,7}\.[\w-]{27,}", HIDDEN),  # a Discord bot token
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", HIDDEN),  # a JSON web token
        (r"\baW50ZXJhY3Rpb246[\w=-]+", HIDDEN),  # an interaction token, base64 of "interaction:…"
        (r"(/(?:webhooks|interactions)/\d+/)[^/?\s\"']+", rf"\1{HIDDEN}"),
        (r"(\\?/callbacks\\?/[\w-]+\\?/[\w-]+\\?/)[\w-]+", rf"\1{HIDDEN}"),
        (r"(?i)([?&][\w-]*(?:token|signature|key|password)=)[^&\s\"']+", rf"\1{HIDDEN}"),
        (r"(://[^/\s:@]*:)[^/\s@]+(?=@)", rf"\1{HIDDEN}"),  # the password in a database's address
    )
)


class Redactor:
    """Hides secrets: the given ones, however they come back, and whatever looks like a token or a private field."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret.strip() for secret in secrets}
        spellings = {text for secret in known if len(secret) >= _SHORTEST_SECRET for text in _spellings(secret)}
        # The longest first: one secret may begin with another.
        ordered = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Put `HIDDEN` in the places of secrets."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def finds(self, text: str) -> bool:
        """Say whether a text shows a secret."""
        return self(text) != text

    def all(self, value: Any) -> Any:
        """Do the same for every text in a plain value, keys included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(key): self.all(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.all(part) for part in value]
        return value


def _spellings(secret: str) -> tuple[str, ...]:
    """Spell a secret as it is, as JSON has it and as a URL has it: services repeat what they were sent in each."""
    quoted = json.dumps(secret)[1:-1]
    return secret, quoted, quoted.replace("/", "\\/"), quote(secret, safe=""), quote(secret)
