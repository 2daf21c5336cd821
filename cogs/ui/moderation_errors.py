"""Fill the gaps in the texts of refusals that moderation leads to."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import discord

from bot.domain.price import USD_MICROS
from bot.errors import CaseDecided, ConfirmationNeeded, PromptRefused, Refused, RuleInvalid
from bot.locale import Words
from cogs.ui.text import safe, since


def _price_values(error: ConfirmationNeeded, say: Words) -> dict[str, Any]:
    return {"price": say("credits", n=error.price), "usd": say.usd(Decimal(error.usd_micros) / USD_MICROS)}


def _prompt_values(error: PromptRefused, say: Words) -> dict[str, Any]:
    """Say how many strikes have been counted: none, so many of so many, or enough for a block."""
    if error.blocked_until is not None:
        until = discord.utils.format_dt(error.blocked_until, "f")
        counted = say("error.prompt_refused.blocked", until=until, renews=since(error.blocked_until))
        return {"counted": counted, "next": ""}
    left = error.most - error.strikes
    counted = say("error.prompt_refused.counted", n=left, strikes=error.strikes) if error.most else ""
    return {"counted": counted, "next": say("error.prompt_refused.next")}


def _case_values(error: CaseDecided, say: Words) -> dict[str, Any]:
    return {"state": say(f"error.case.{error.state}")}


def _rule_values(error: RuleInvalid, say: Words) -> dict[str, Any]:
    return {"pattern": safe(error.pattern, 60), "why": say(f"error.rule.{error.problem}")}


VALUES: Final[dict[type[Refused], Callable[[Any, Words], dict[str, Any]]]] = {
    ConfirmationNeeded: _price_values,
    PromptRefused: _prompt_values,
    CaseDecided: _case_values,
    RuleInvalid: _rule_values,
}
