"""Fill the gaps in the texts of refusals that a guild's policy leads to."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import discord

from bot.domain.quota import budget_of
from bot.errors import (
    Blocked,
    BudgetExceeded,
    GiftTooLarge,
    GuildQuotaExceeded,
    OverLimit,
    Paused,
    PlaceClosed,
    PolicyInvalid,
    Refused,
    RoleNeeded,
)
from bot.locale import Words
from cogs.ui.text import cut, safe, since

SHOWN: Final = 5  # channels or roles named at the most
REASON: Final = 300  # characters of what an admin gave as the reason

_NO_MARKS: Final = dict.fromkeys(map(ord, "`<>@"))  # what ends a piece of code, or looks like a mention


def _guild_quota_values(error: GuildQuotaExceeded, say: Words) -> dict[str, Any]:
    return {
        "price": say("credits", n=error.price),
        "balance": say("credits", n=error.balance),
        "renews": since(error.renews_at),
    }


def _gift_values(error: GiftTooLarge, say: Words) -> dict[str, Any]:
    return {"price": say("credits", n=error.price), "balance": say("credits", n=error.balance)}


def _budget_values(error: BudgetExceeded, say: Words) -> dict[str, Any]:
    whose = "everywhere" if error.owner == budget_of(None) else "guild"
    return {"whose": say(f"error.budget.{whose}"), "renews": since(error.renews_at)}


def _pause_values(error: Paused, say: Words) -> dict[str, Any]:
    what = say(f"error.paused.{'everywhere' if error.everywhere else 'guild'}")
    return {"what": what, "reason": _reason(error.reason, say)}


def _block_values(error: Blocked, say: Words) -> dict[str, Any]:
    if error.until is None:
        until = say("error.blocked.for_good")
    else:
        until = say("error.blocked.until", until=discord.utils.format_dt(error.until, "f"), renews=since(error.until))
    return {"until": until, "reason": _reason(error.reason, say)}


def _channel_values(error: PlaceClosed, say: Words) -> dict[str, Any]:
    channels = _joined([f"<#{each}>" for each in error.open_channels], say)
    return {"elsewhere": say("error.place.elsewhere", channels=channels) if channels else say("error.place.ask")}


def _role_values(error: RoleNeeded, say: Words) -> dict[str, Any]:
    roles = _joined([f"<@&{each}>" for each in error.roles], say)
    if not roles:
        return {"what": say("error.role.shut_out")}
    return {"what": say(f"error.role.{error.what}", roles=roles)}


def _limit_values(error: OverLimit, say: Words) -> dict[str, Any]:
    if error.limit == "models" and not error.allowed:
        return {"what": say("error.limit.no_model", wanted=safe(error.wanted, 60))}
    return {"what": say(f"error.limit.{error.limit}", wanted=safe(error.wanted, 60), allowed=safe(error.allowed, 200))}


def _policy_values(error: PolicyInvalid, say: Words) -> dict[str, Any]:
    lines = [
        say(f"policy.problem.{code}", field=_code(field), limit=safe(limit, 100))
        for field, code, limit in error.problems
    ]
    return {"problems": "\n".join(f"- {line}" for line in lines)}


def _code(text: str) -> str:
    """Make a text from somebody's file safe between backticks, where nothing needs escaping."""
    return cut(" ".join(text.translate(_NO_MARKS).split()), 60)


def _reason(reason: str, say: Words) -> str:
    return say("error.reason", reason=safe(reason, REASON)) if reason else ""


def _joined(names: Sequence[str], say: Words) -> str:
    return say("comma").join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])])


# By the type of the refusal.
VALUES: Final[dict[type[Refused], Callable[[Any, Words], dict[str, Any]]]] = {
    GiftTooLarge: _gift_values,
    GuildQuotaExceeded: _guild_quota_values,
    BudgetExceeded: _budget_values,
    Paused: _pause_values,
    Blocked: _block_values,
    PlaceClosed: _channel_values,
    RoleNeeded: _role_values,
    OverLimit: _limit_values,
    PolicyInvalid: _policy_values,
}
