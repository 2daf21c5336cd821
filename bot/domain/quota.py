"""Counts how much may be used: allowances a period, the accounts they fill, and which of them pay for a request.

A period is named by its first day, its week or its month in a guild's time zone, and an account is one owner in one
period. So nothing has to be renewed: a new period is a new account, and a clock that jumps back finds the old one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.price import Price
from bot.domain.row import Row
from bot.errors import BudgetExceeded, GuildQuotaExceeded, QuotaExceeded, Refused
from bot.values import dataclass

NO_END: Final = ""  # the period of what never expires
UNLIMITED: Final = 10**15  # the allowance of an account that only counts
MAX_CREDITS: Final = 1_000_000
MAX_REQUESTED_CREDITS: Final = 1_000  # credits that may be asked for at once, and given for the asking


class Period(StrEnum):
    """How long an allowance lasts."""

    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


class Unit(StrEnum):
    """What an account counts."""

    CREDITS = "credits"
    USD = "usd_micros"  # millionths of a USD


_EASTMOST: Final = timedelta(hours=14)  # where a day begins first, before UTC
_WESTMOST: Final = timedelta(hours=12)  # where it ends last, after UTC
_DAYS: Final = {Period.DAY: Fraction(1), Period.WEEK: Fraction(7), Period.MONTH: Fraction(30)}


class Allowance(BaseModel):
    """So many credits a period."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    credits: int = Field(ge=0, le=MAX_CREDITS)
    period: Period = Period.DAY

    @property
    def rate(self) -> Fraction:
        """Compute the credits a day, to compare allowances of different periods."""
        return self.credits / _DAYS[self.period]


def best(allowances: Iterable[Allowance]) -> Allowance | None:
    """Find the allowance that gives the most a day; None where there is none."""
    return max(allowances, key=lambda each: each.rate, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What one owner may use in one period, and has used. `held` is reserved, `settled` is spent."""

    owner: str
    period: str
    allowance: int
    held: int = 0
    settled: int = 0
    unit: Unit = Unit.CREDITS

    @property
    def balance(self) -> int:
        """Compute what can still be held; never below zero, even when the allowance was cut meanwhile."""
        return max(0, self.allowance - self.held - self.settled)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read the account of a database row."""
        values = {name: row[name] for name in cls.__dataclass_fields__ if name != "unit"}
        return cls(**values, unit=Unit(row["unit"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fund:
    """An account that is to pay, under today's allowance; None keeps the one in its row (credits from people).

    `renews_at` is when its period is over (None: never); what people gave is not renewed then, but gone.
    """

    owner: str
    period: str = NO_END
    allowance: int | None = None
    renews_at: datetime | None = None
    unit: Unit = Unit.CREDITS

    def refusal(self, price: Price, account: Account) -> Refused | None:
        """Refuse a price that has no room under this cap, as its account stands; None where there is room."""
        if self.unit is Unit.USD and account.balance < price.usd_micros:
            return BudgetExceeded(
                owner=self.owner,
                period=self.period,
                ceiling=account.allowance,
                used=account.held + account.settled,
                renews_at=self.renews_at,
            )
        if self.unit is Unit.CREDITS and account.balance < price.credits:
            return GuildQuotaExceeded(price=price.credits, balance=account.balance, renews_at=self.renews_at)
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Funding:
    """Who pays for a request.

    The `sources` pay one after the other until the price is covered; each of the `caps` has to have room for the whole
    price in its own unit.
    """

    sources: tuple[Fund, ...]
    caps: tuple[Fund, ...] = ()

    def shortfalls(self, price: Price, accounts: Sequence[Account]) -> Iterator[Refused]:
        """List every refusal that a price meets in these accounts: those of the sources, then those of the caps."""
        own, shared = accounts[: len(self.sources)], accounts[len(self.sources) :]
        balance = sum(account.balance for account in own)
        if balance < price.credits:
            first = self.sources[0]
            yield QuotaExceeded(
                price=price.credits, balance=balance, allowance=own[0].allowance, renews_at=first.renews_at
            )
        for cap, account in zip(self.caps, shared, strict=True):
            if (refusal := cap.refusal(price, account)) is not None:
                yield refusal


def owner_of(*, user_id: int, guild_id: int | None) -> str:
    """Name the owner of an allowance: a member of a guild, or a person in direct messages."""
    return f"user:{user_id}@{_place(guild_id)}"


def extra_of(*, user_id: int, guild_id: int | None) -> str:
    """Name the owner of the credits that came to somebody from people.

    What was granted has no period and never expires. A gift has the period of what it was drawn from.
    """
    return f"extra:{user_id}@{_place(guild_id)}"


def pool_of(name: str, *, guild_id: int) -> str:
    """Name the account of a pool that the holders of a role share."""
    return f"pool:{name}@{_place(guild_id)}"


def pool_named(owner: str) -> str | None:
    """Find the name of the pool that an account is; None for an account of another kind."""
    return owner.removeprefix("pool:").rpartition("@")[0] if owner.startswith("pool:") else None


def guild_of(guild_id: int) -> str:
    """Name the account of what all members of a guild use together, in credits."""
    return f"guild:{guild_id}"


def budget_of(guild_id: int | None) -> str:
    """Name the account of what a guild costs, or with None the whole bot, in USD."""
    return f"budget:{'bot' if guild_id is None else _place(guild_id)}"


def guild_of_budget(owner: str) -> int | None:
    """Find the guild whose budget an account is; None for the whole bot's."""
    name = owner.removeprefix("budget:guild:")
    return int(name) if name.isdecimal() else None


def _place(guild_id: int | None) -> str:
    return f"guild:{guild_id}" if guild_id else "dm"


def period_of(now: datetime, period: Period = Period.DAY, zone: tzinfo = UTC) -> str:
    """Name the period that a moment lies in: `2026-11-22`, `2026-W47`, `2026-11`."""
    today = now.astimezone(zone).date()
    if period is Period.DAY:
        return today.isoformat()
    if period is Period.MONTH:
        return f"{today:%Y-%m}"
    year, week, _ = today.isocalendar()
    return f"{year}-W{week:02}"


def renews_at(now: datetime, period: Period = Period.DAY, zone: tzinfo = UTC) -> datetime:
    """Compute when the next period begins: the first moment of its first day in that zone, in UTC."""
    first = _next_first(now.astimezone(zone).date(), period)
    return datetime.combine(first, time.min, tzinfo=zone).astimezone(UTC)


def span_of(period: str) -> tuple[datetime, datetime] | None:
    """Find the moments between which a period lies, in any time zone; None for one that never ends."""
    if period == NO_END:
        return None
    if "W" in period:
        year, _, week = period.partition("-W")
        first, kind = date.fromisocalendar(int(year), int(week), 1), Period.WEEK
    else:
        kind = Period.MONTH if period.count("-") == 1 else Period.DAY
        first = date.fromisoformat(f"{period}-01" if kind is Period.MONTH else period)
    begins, ends = (datetime.combine(day, time.min, tzinfo=UTC) for day in (first, _next_first(first, kind)))
    return begins - _EASTMOST, ends + _WESTMOST


def _next_first(today: date, period: Period) -> date:
    """Find the first day of the period after the one of a day."""
    if period is Period.DAY:
        return today + timedelta(days=1)
    if period is Period.WEEK:
        return today + timedelta(days=7 - today.weekday())
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
