"""Put a policy's fields and their changes in words."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from bot.domain import USD_MICROS, Allowance, Difference
from bot.locale import Words, locales, words
from cogs.ui.text import safe, some_of

ROOM: Final = 1700  # characters of a message for a list; the rest is said to be missing
SHOWN: Final = 25  # channels, roles or models named at the most

_PATTERN: Final = 100  # characters of a rule's pattern, and of what is nothing else


def change_line(change: Difference, say: Words) -> str:
    """Say what a field has become; of a set, what was added and removed."""
    label = _label(change.path, change.item, say)
    if isinstance(change.before, list) and isinstance(change.after, list):
        added = [each for each in change.after if each not in change.before]
        removed = [each for each in change.before if each not in change.after]
        parts = [say("policy.came", what=value_text(change.path, added, say))] if added else []
        parts += [say("policy.went", what=value_text(change.path, removed, say))] if removed else []
        return say("policy.moved", name=label, moves=" ".join(parts))
    before, after = (value_text(change.path, each, say) for each in (change.before, change.after))
    return say("policy.change", name=label, before=before, after=after)


def field_line(path: str, item: str, value: Any, say: Words, *, usual: Allowance) -> str:
    """Say a field's value; `usual` is the allowance where a server has decided nothing."""
    if path == "allowance" and value is None:
        return say("policy.field", name=_label(path, item, say), value=usual_text(usual, say))
    return say("policy.field", name=_label(path, item, say), value=value_text(path, value, say))


def usual_text(usual: Allowance, say: Words) -> str:
    """Say the allowance that holds where nothing is decided."""
    return say("policy.usual.number", allowance=allowance_text(usual, say))


def value_text(path: str, value: Any, say: Words) -> str:
    """Say a field's value as JSON has it; of nothing, what that means."""
    kind, nothing = _KINDS[path]
    return say(nothing) if value is None or value == [] else kind(value, say)


def bullet_list(lines: Iterable[str], say: Words, *, room: int = ROOM) -> str:
    """List as many lines as there is room for."""
    shown, every = list[str](), list(lines)
    for line in every:
        if sum(map(len, shown)) + 3 * len(shown) + len(line) > room:
            return "\n".join([*shown, say("admin.more", n=len(every) - len(shown))])
        shown.append(f"- {line}")
    return "\n".join(shown)


def money(micros: int, say: Words) -> str:
    """Write millionths of a USD as people do."""
    return say.usd(Decimal(micros) / USD_MICROS)


def allowance_text(allowance: Allowance, say: Words) -> str:
    """Say an allowance: so many credits a period."""
    return _allowance(allowance.model_dump(mode="json"), say)


def _label(path: str, item: str, say: Words) -> str:
    name = item
    if path == "tiers":
        name = f"<@&{item}>"
    elif path == "moderation.rules":
        name = f"||{safe(item.partition(':')[2], _PATTERN)}||"
    return say(f"policy.{path}", item=name)


def language_name(locale: str) -> str:
    """Call a language as those call it who speak it; what there are no texts in, by its code."""
    return words(locale)("language.name") if locale in locales() else safe(locale, _PATTERN)


def _plain(value: Any, _say: Words) -> str:
    return safe(str(value), _PATTERN)


def _channel(value: Any, _say: Words) -> str:
    return f"<#{value}>"


def _channels(value: Any, say: Words) -> str:
    return some_of([f"<#{each}>" for each in value], say, most=SHOWN)


def _roles(value: Any, say: Words) -> str:
    return some_of([f"<@&{each}>" for each in value], say, most=SHOWN)


def _switch(value: Any, say: Words) -> str:
    return say("yes" if value else "no")


def _allowance(value: Any, say: Words) -> str:
    return say(f"allowance.{value['period']}", n=value["credits"])


def _tier(value: Any, say: Words) -> str:
    parts = [_allowance(value["allowance"], say)] if value["allowance"] else []
    parts += [say("policy.tier.priority", n=value["priority"])] if value["priority"] else []
    parts += [say("policy.tier.spoiler")] if value["spoiler"] else []
    return " · ".join(parts)


# By the path: how a value is said, and what its absence means.
_KINDS: Final[Mapping[str, tuple[Callable[[Any, Words], str], str]]] = {
    "timezone": (_plain, "policy.none"),
    "language": (lambda value, _: language_name(str(value)), "policy.language.usual"),
    "channels.allowed": (_channels, "policy.all"),
    "channels.denied": (_channels, "policy.none"),
    "roles.allowed": (_roles, "policy.everyone"),
    "roles.denied": (_roles, "policy.none"),
    "tiers": (_tier, "policy.none"),
    "limits.longest": (lambda value, say: say("seconds", n=value), "policy.any"),
    "limits.pro": (lambda value, say: say(f"choice.pro.{value}"), "policy.none"),
    "limits.pro_roles": (_roles, "policy.none"),
    "limits.sound": (_switch, "policy.none"),
    "limits.watermark": (_switch, "policy.none"),
    "limits.models": (
        lambda value, say: some_of([safe(say.model(str(each)), 60) for each in value], say, most=SHOWN),
        "policy.all",
    ),
    "limits.running": (_plain, "policy.any"),
    "allowance": (_allowance, "policy.usual"),
    "guild_allowance": (_allowance, "policy.any"),
    "pools": (lambda value, say: f"<@&{value['role_id']}> · {_allowance(value['allowance'], say)}", "policy.none"),
    "gifts": (_switch, "policy.none"),
    "budget_usd_micros": (money, "policy.any"),
    "confirm_usd_micros": (lambda value, say: say("policy.above", price=money(value, say)), "policy.never"),
    "moderation.channel_id": (_channel, "policy.none"),
    "moderation.rules": (lambda value, say: say(f"policy.rule.{value['action']}"), "policy.none"),
    "moderation.approval": (lambda value, say: say(f"policy.approval.{value}"), "policy.none"),
    "moderation.scan_prompts": (_switch, "policy.none"),
    "moderation.scan_results": (_switch, "policy.none"),
    "moderation.scan_level": (_plain, "policy.none"),
    "moderation.strikes": (lambda value, say: str(value) if value else say("policy.strikes.never"), "policy.none"),
    "moderation.strike_days": (lambda value, say: say("policy.days", n=value), "policy.none"),
    "moderation.block_hours": (lambda value, say: say("policy.hours", n=value), "policy.none"),
    "spoiler_channels": (_channels, "policy.none"),
    "audit_channel_id": (_channel, "policy.none"),
}
PATHS: Final = tuple(_KINDS)
