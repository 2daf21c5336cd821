"""The audit record: make the entry of a change, and put one in a reader's words."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import discord

from bot.domain import Allowance, AuditEntry, Difference
from bot.domain.guild import FOREVER
from bot.locale import Words
from cogs.ui.member import guild_of
from cogs.ui.policy_texts import allowance_text, bullet_list, change_line
from cogs.ui.text import link, reason_text, safe, since

log = logging.getLogger(__name__)


def audit_entry(
    interaction: discord.Interaction[Any], action: str, *, guild_id: int | None = None, **detail: Any
) -> AuditEntry:
    """Make the audit entry of what this interaction changes; `detail` fills the gaps of `audit.<action>`.

    It is of now by the bot's own clock, not by Discord's: what it changes may be due from that moment on.

    Raises:
        NotPermitted: it comes from no guild, where nobody is an admin.
    """
    return AuditEntry(
        id=str(interaction.id),
        guild_id=guild_of(interaction) if guild_id is None else guild_id,
        actor_id=interaction.user.id,
        action=action,
        at=interaction.client.services.now(),
        detail=detail,
    )


def entry_text(entry: AuditEntry, say: Words) -> str:
    """Put an audit entry in a reader's words: gaps named in `_GAPS` are said by their kind, all others as safe text."""
    actor = f"<@{entry.actor_id}>"
    try:
        gaps = {name: _GAPS.get(name, _plain)(value, say) for name, value in entry.detail.items()}
        usual = {**_EMPTY, "since": say("audit.earlier")}
        return say(f"audit.{entry.action}", **{**usual, **gaps, "actor": actor})
    except KeyError:  # another version wrote it
        log.warning("no words for a change", extra={"action": entry.action, "entry": entry.id})
        return f"{actor} {safe(entry.action, 60)}"


def until_text(until: datetime | None, say: Words) -> str:
    """Say when a block ends."""
    if until is None or until >= FOREVER:
        return say("admin.for_good")
    return say("admin.until", until=discord.utils.format_dt(until, "f"))


def _plain(value: Any, _say: Words) -> str:
    return safe(str(value), 200)


def _until(value: Any, say: Words) -> str:
    return until_text(datetime.fromisoformat(value) if value else None, say)


def _note(value: Any, say: Words) -> str:
    return say("quota.prompt", prompt=_plain(value, say)) if value else ""


def _since(value: Any, _say: Words) -> str:
    return since(datetime.fromisoformat(value))


def _message(value: Any, _say: Words) -> str:
    return f" {link(*value)}"


def _allowance(value: Any, say: Words) -> str:
    return say("admin.allowance.removed") if value is None else allowance_text(Allowance.model_validate(value), say)


def _changes(value: Any, say: Words) -> str:
    return bullet_list([change_line(Difference(**each), say) for each in value], say)


# How values are said, by their names in an entry's detail: times are ISO 8601, ids are Discord's, a message is the ids
# of its guild, its channel and itself.
_GAPS: Final[Mapping[str, Callable[[Any, Words], str]]] = {
    "member": lambda value, _: f"<@{value}>",
    "role": lambda value, _: f"<@&{value}>",
    "channel": lambda value, _: f"<#{value}>",
    "credits": lambda value, say: say("credits", n=value),
    "reason": reason_text,
    "note": _note,
    "until": _until,
    "since": _since,
    "message": _message,
    "allowance": _allowance,
    "changes": _changes,
}
_EMPTY: Final = dict.fromkeys(("reason", "note", "message"), "")
