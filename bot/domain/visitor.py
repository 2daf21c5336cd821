"""Describes who is signed in to the operator's page, and for how long one is."""

from datetime import timedelta

from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody who is signed in, in their language: for one guild, or `EVERYWHERE` for the whole bot."""

    user_id: int
    guild_id: int
    locale: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetimes:
    """How long a session lasts without being used, and at the most."""

    idle: timedelta
    whole: timedelta
