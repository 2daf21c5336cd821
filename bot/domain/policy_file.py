"""Writes a guild's policy as a file that people keep, change and bring back; reads one, or says what is wrong."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from bot.domain.policy import Policy
from bot.errors import PolicyInvalid

FORMAT: Final = "shotcaller-guild-settings"
VERSION: Final = 1
LARGEST: Final = 256 * 1024  # bytes of a file
NAMED: Final = 10  # problems said at once

_SAFE: Final = 2**53  # what is larger is a string in the file: many programs would round it
# pydantic's kinds of errors by our codes, with where the limit stands that was passed.
_CODES: Final = {
    "extra_forbidden": ("unknown", ""),
    "missing": ("missing", ""),
    "greater_than": ("too_small", "gt"),
    "greater_than_equal": ("too_small", "ge"),
    "less_than": ("too_large", "lt"),
    "less_than_equal": ("too_large", "le"),
    "too_long": ("too_many", "max_length"),
    "string_too_long": ("too_many", "max_length"),
    "enum": ("choice", "expected"),
    "string_pattern_mismatch": ("name", ""),
}
_OURS: Final = {
    "no such time zone": "zone",
    "a moderators' channel is needed": "moderators",
    "one tier of a role only": "twice",
    "one pool of a name only": "twice",
}


def write_policy(policy: Policy) -> str:
    """Write the file of a policy."""
    content = {"format": FORMAT, "version": VERSION, "settings": _sorted(policy.model_dump(mode="json"))}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def read(data: bytes) -> Policy:
    """Read the policy of a file, checked as a whole.

    Raises:
        PolicyInvalid: it is no such file, or there can be no such policy.
    """
    if len(data) > LARGEST:
        raise PolicyInvalid([("", "too_big", str(LARGEST // 1024))])
    try:
        content = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise PolicyInvalid([("", "json", "")]) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PolicyInvalid([("", "format", FORMAT)])
    if content.get("version") != VERSION:
        raise PolicyInvalid([("", "version", str(VERSION))])
    if unknown := sorted(content.keys() - {"format", "version", "settings"}):
        raise PolicyInvalid([(name, "unknown", "") for name in unknown[:NAMED]])
    try:
        return Policy.model_validate(content.get("settings"))
    except ValidationError as exc:
        raise refusal(exc) from None


def refusal(error: ValidationError) -> PolicyInvalid:
    """Say why there can be no such policy, without the values: they may be anything."""
    return PolicyInvalid(
        [
            (".".join(map(str, each["loc"])), *_problem(each["type"], each.get("ctx", {})))
            for each in error.errors()[:NAMED]
        ]
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Read an object of a file. What stands there twice could be meant either way."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise PolicyInvalid([(name, "repeated", "")])
        found[name] = value
    return found


def _problem(kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Translate one of pydantic's codes into ours, with the limit that was passed."""
    if kind == "value_error":
        return _OURS.get(str(context.get("error")), "kind"), ""
    code, limit = _CODES.get(kind, ("kind", ""))
    return code, str(context.get(limit, ""))


def _sorted(value: Any) -> Any:
    """Put sets in order, and large numbers into strings."""
    if isinstance(value, dict):
        return {name: _sorted(each) for name, each in value.items()}
    if isinstance(value, list):
        ordered = value if any(isinstance(each, dict) for each in value) else sorted(value)
        return [_sorted(each) for each in ordered]
    return str(value) if isinstance(value, int) and value >= _SAFE else value
