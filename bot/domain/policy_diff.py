"""Finds what differs between two policies, field by field: for the audit, and to show a change to people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.domain.policy import Policy
from bot.values import dataclass

# Lists whose items are told apart by these of their fields; every other field is a value as a whole.
_LISTED: Final[Mapping[str, tuple[str, ...]]] = {
    "tiers": ("role_id",),
    "pools": ("name",),
    "moderation.rules": ("kind", "pattern"),
}
_PARTS: Final = frozenset({"channels", "roles", "limits", "moderation"})  # fields that are policies of their own


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One field before and after, as JSON has it. Of a list, `item` is what its item is called; None is no item."""

    path: str
    item: str = ""
    before: Any = None
    after: Any = None

    def body(self) -> dict[str, Any]:
        """Build the JSON that is kept of the difference."""
        return {"path": self.path, "item": self.item, "before": self.before, "after": self.after}


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyChange:
    """A policy after a change, and what the change was; without differences nothing was written."""

    policy: Policy
    differences: tuple[Difference, ...]


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """List every field that differs, in the policy's own order."""
    old, new = fields(before), fields(after)
    return tuple(
        Difference(path=path, item=item, before=old.get((path, item)), after=new.get((path, item)))
        for path, item in {**new, **old}
        if old.get((path, item)) != new.get((path, item))
    )


def fields(policy: Policy) -> dict[tuple[str, str], Any]:
    """List every value of a policy as JSON has it, by its path and, in a list, its item."""
    return dict(_flat(policy.model_dump(mode="json"), ""))


def _flat(values: Mapping[str, Any], above: str) -> Iterator[tuple[tuple[str, str], Any]]:
    for name, value in values.items():
        path = f"{above}{name}"
        if path in _PARTS:
            yield from _flat(value, f"{path}.")
        elif path in _LISTED:
            for each in value:
                yield (path, ":".join(str(each[key]) for key in _LISTED[path])), each
        else:
            yield (path, ""), sorted(value) if isinstance(value, list) else value
