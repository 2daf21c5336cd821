"""Puts every error in words: what happened, what it means for the credits, what to do next."""

import re
from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Final

import discord
from discord import app_commands

from bot import errors
from bot.domain.quota import budget_of
from bot.locale import Words
from cogs.ui.text import cut, either, permissions_text, reason_text, safe, since, some_of

SHOWN: Final = 5  # channels or roles named at the most
SHORT: Final = 60  # characters of what somebody typed
LONG: Final = 100

_COMMAND_GONE: Final = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)
_NO_MARKS: Final = dict.fromkeys(map(ord, "`<>@"))  # what ends a piece of code, or looks like a mention

_SPAN: Final = re.compile(r"(\d+)-(\d+)")

# The gaps of problems' words with values that people choose, and what the keys of those values' names begin with.
_CHOICES: Final = {"wanted": "mode", "offered": "mode", "modes": "mode", "durations": "mode", "axes": "camera"}
# What a refusal's words are called where they are one of several reasons; the words of others are such already.
_SHORT: Final[Mapping[type[errors.Refused], str]] = {
    errors.QuotaExceeded: "quota_exceeded",
    errors.GuildQuotaExceeded: "guild_quota_exceeded",
    errors.BudgetExceeded: "budget_exceeded",
    errors.TooManyJobs: "too_many_jobs",
}


def describe(error: Exception, say: Words) -> str | None:
    """Put an error in words; None for what should never have happened."""
    if isinstance(error, errors.Refused):
        return say(_key(type(error)), **_values(error, say))
    if isinstance(error, _COMMAND_GONE):
        return say("error.command_unknown")
    keys = (_key(kind) for kind in type(error).__mro__ if issubclass(kind, errors.ShotcallerError))
    return next((say(key) for key in keys if say.has(key)), None)


def _key(kind: type[BaseException]) -> str:
    return "error." + re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


@singledispatch
def _values(error: errors.Refused, say: Words) -> dict[str, Any]:
    """Fill the gaps of a refusal's words: with its data, texts made safe, since somebody may have typed them."""
    values = error.values()
    if isinstance(model := values.get("model"), str):
        values = {**values, "model": say.model(model)}
    return {name: safe(value, SHORT) if isinstance(value, str) else value for name, value in values.items()}


@_values.register
def _(error: errors.InvalidRequest, say: Words) -> dict[str, Any]:
    return {"problems": _problems(error, say)}


@_values.register
def _(error: errors.ImpossibleRequest, say: Words) -> dict[str, Any]:
    return {"problems": _problems(error, say), "model": say.model(error.problems[0].values.get("model", ""))}


def _problems(error: errors.InvalidRequest, say: Words) -> str:
    lines = []
    for problem in error.problems:
        values = {name: _value_text(name, value, say) for name, value in problem.values.items()}
        lines.append(f"- {say(f'problem.{problem.code}', **values)}")
    return "\n".join(lines)


def _value_text(gap: str, value: Any, say: Words) -> Any:
    """Fill a gap of a problem's words: modes and camera moves by their names, what was typed made safe."""
    if isinstance(value, float) and value.is_integer():
        return int(value)  # nobody typed "5.0"
    if not isinstance(value, str):
        return value
    if gap == "model":
        return safe(say.model(value), SHORT)
    if gap not in _CHOICES:
        return safe(value, SHORT)
    keys = [(_SPAN.sub("\\1\N{EN DASH}\\2", part), f"{_CHOICES[gap]}.{part}") for part in value.split(", ")]
    names = [say(key) if say.has(key) else safe(part, SHORT) for part, key in keys]
    return say("comma").join(names) if gap == "axes" else either(names, say)


@_values.register
def _(error: errors.SeveralReasons, say: Words) -> dict[str, Any]:
    return {"reasons": "\n".join(_reason(each, say) for each in error.reasons)}


def _reason(error: errors.Refused, say: Words) -> str:
    """Say one of several reasons, on lines of its own."""
    values, short = _values(error, say), _SHORT.get(type(error))
    if isinstance(error, errors.ImpossibleRequest):
        problems = "\n".join(f"  {line}" for line in values["problems"].splitlines())
        return f"- {say('reason.impossible_request', model=values['model'], problems=problems)}"
    return f"- {values['what'] if short is None else say(f'reason.{short}', **values)}"


@_values.register
def _(error: errors.QuotaExceeded, say: Words) -> dict[str, Any]:
    price, allowance = say("credits", n=error.price), say("credits", n=error.allowance)
    return {"price": price, "balance": error.balance, "allowance": allowance, "renews": since(error.renews_at)}


@_values.register
def _(error: errors.GuildQuotaExceeded, say: Words) -> dict[str, Any]:
    price, balance = say("credits", n=error.price), say("credits", n=error.balance)
    return {"price": price, "balance": balance, "renews": since(error.renews_at)}


@_values.register
def _(error: errors.GiftTooLarge, say: Words) -> dict[str, Any]:
    return {"price": say("credits", n=error.price), "balance": say("credits", n=error.balance)}


@_values.register
def _(error: errors.BudgetExceeded, say: Words) -> dict[str, Any]:
    whose = "everywhere" if error.owner == budget_of(None) else "guild"
    return {"whose": say(f"error.budget.{whose}"), "renews": since(error.renews_at)}


@_values.register
def _(error: errors.ConfirmationNeeded, say: Words) -> dict[str, Any]:
    return {"price": say("credits", n=error.price)}


@_values.register(errors.PriceUnseen)
@_values.register(errors.AskedJustNow)
def _(error: errors.PriceUnseen | errors.AskedJustNow, say: Words) -> dict[str, Any]:
    return {"price": say("credits", n=error.price)}


@_values.register(errors.TooManyJobs)
@_values.register(errors.TooManyPresets)
def _(error: errors.TooManyJobs | errors.TooManyPresets, _say: Words) -> dict[str, Any]:
    return {"n": error.limit}


@_values.register
def _(error: errors.TooOften, _say: Words) -> dict[str, Any]:
    return {"again": since(error.again_at)}


@_values.register
def _(error: errors.MissingPermissions, say: Words) -> dict[str, Any]:
    return {"missing": permissions_text(error.missing, say)}


@_values.register
def _(error: errors.ChannelUnfit, say: Words) -> dict[str, Any]:
    return {"channel": f"<#{error.channel_id}>", "missing": permissions_text(error.missing, say)}


@_values.register
def _(error: errors.NotPermitted, say: Words) -> dict[str, Any]:
    return {"needed": say(f"permission.{error.needed}")}


@_values.register
def _(error: errors.Paused, say: Words) -> dict[str, Any]:
    what = say(f"error.paused.{'everywhere' if error.everywhere else 'guild'}")
    return {"what": what, "reason": reason_text(error.reason, say)}


@_values.register
def _(error: errors.Blocked, say: Words) -> dict[str, Any]:
    if error.until is None:
        until = say("error.blocked.for_good")
    else:
        until = say("error.blocked.until", until=discord.utils.format_dt(error.until, "f"), renews=since(error.until))
    return {"until": until, "reason": reason_text(error.reason, say)}


@_values.register
def _(error: errors.PlaceClosed, say: Words) -> dict[str, Any]:
    channels = some_of([f"<#{each}>" for each in error.open_channels], say, most=SHOWN)
    return {"elsewhere": say("error.place.elsewhere", channels=channels) if channels else say("error.place.ask")}


@_values.register
def _(error: errors.RoleNeeded, say: Words) -> dict[str, Any]:
    if not error.roles:
        return {"what": say("error.role.shut_out")}
    return {
        "what": say(f"error.role.{error.what}", roles=some_of([f"<@&{each}>" for each in error.roles], say, most=SHOWN))
    }


@_values.register
def _(error: errors.OverLimit, say: Words) -> dict[str, Any]:
    if error.limit == "models" and not error.allowed:
        return {"what": say("error.limit.no_model", wanted=safe(error.wanted, SHORT))}
    wanted, allowed = error.wanted, error.allowed
    if error.limit == "models":
        wanted, allowed = say.model(wanted), say("comma").join(map(say.model, allowed.split(", ")))
    return {"what": say(f"error.limit.{error.limit}", wanted=safe(wanted, SHORT), allowed=safe(allowed, 200))}


@_values.register
def _(error: errors.PolicyInvalid, say: Words) -> dict[str, Any]:
    lines = [
        say(f"policy.problem.{code}", field=_code(field), limit=_limit(limit, say))
        for field, code, limit in error.problems
    ]
    return {"problems": "\n".join(f"- {line}" for line in lines)}


def _limit(limit: str, say: Words) -> str:
    return say.number(int(limit)) if limit.isdecimal() else safe(limit, LONG)


def _code(text: str) -> str:
    """Prepare a text from somebody's file to stand between backticks, where nothing needs escaping."""
    return cut(" ".join(text.translate(_NO_MARKS).split()), SHORT)


@_values.register
def _(error: errors.PromptRefused, say: Words) -> dict[str, Any]:
    """Say what has been counted: nothing, so many of so many, or enough for a block."""
    if error.blocked_until is not None:
        until = discord.utils.format_dt(error.blocked_until, "f")
        counted = say("error.prompt_refused.blocked", until=until, renews=since(error.blocked_until))
        return {"counted": counted, "next": ""}
    left = error.most - error.strikes
    counted = say("error.prompt_refused.counted", n=left, strikes=error.strikes) if error.most else ""
    return {"counted": counted, "next": say("error.prompt_refused.next")}


@_values.register
def _(error: errors.CaseDecided, say: Words) -> dict[str, Any]:
    return {"state": say(f"error.case.{error.state}")}


@_values.register
def _(error: errors.RuleInvalid, say: Words) -> dict[str, Any]:
    return {"pattern": safe(error.pattern, SHORT), "why": say(f"error.rule.{error.problem}")}
