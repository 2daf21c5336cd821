"""Reports what a guild has used in some time: by day and by member, the drift of the estimates, the budget so far."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from bot.domain import USD_MICROS, Account, MemberDay, Policy, PriceDrift, UsageTotals
from bot.domain.funding import budget
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.money.usage import UsageStore
from bot.values import dataclass

BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by it, spreadsheets know that a file is UTF-8
COLUMNS: Final = ("day", "member_id", "videos", "credits", "usd_estimated", "usd_charged", "failed")


class Span(StrEnum):
    """Says which time a report covers, up to today."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    THIS_MONTH = "month"  # from its first day


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageReport:
    """What a guild used on some days of its calendar, in their order."""

    days: tuple[date, ...]
    rows: tuple[MemberDay, ...]
    drift: tuple[PriceDrift, ...]
    budget: Account
    budgeted: bool  # whether the guild has set a ceiling

    @property
    def total(self) -> UsageTotals:
        """Add up all of it."""
        return sum((row.used for row in self.rows), UsageTotals())

    def members(self, measure: Callable[[UsageTotals], int]) -> list[tuple[int, UsageTotals]]:
        """List everybody who used something, those first who used the most of what is measured."""
        found: dict[int, UsageTotals] = defaultdict(UsageTotals)
        for row in self.rows:
            found[row.user_id] += row.used
        return sorted(found.items(), key=lambda each: (-measure(each[1]), -each[1].videos, each[0]))

    def by_day(self, measure: Callable[[UsageTotals], int]) -> Mapping[date, Mapping[int, int]]:
        """Read what is measured, by day and member."""
        found: dict[date, dict[int, int]] = {day: {} for day in self.days}
        for row in self.rows:
            found[row.day][row.user_id] = measure(row.used)
        return found

    def table(self) -> bytes:
        """Write the report as a CSV file for spreadsheets: UTF-8 with its mark, one line a day and member.

        Nothing in it was typed by anybody: there are only dates and numbers, so nothing can be taken for a formula.
        """
        file = io.StringIO()
        file.write(BOM)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(_line(row) for row in self.rows)
        return file.getvalue().encode()


class Usage:
    """Makes reports of usage. Every method may raise `StoreUnavailable`."""

    def __init__(
        self, *, store: UsageStore, guilds: GuildStore, lookup: JobQueryStore, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._guilds, self._lookup, self._clock = store, guilds, lookup, clock

    async def report(self, guild_id: int, span: Span) -> UsageReport:
        """Make the report of a guild over some time up to now, in days of its own time zone."""
        policy = (await self._guilds.state(guild_id)).policy
        now = self._clock()
        days = _days(span, now.astimezone(policy.zone).date())
        rows: list[MemberDay] = []
        for day in days:
            found = await self._store.of_day(guild_id, day, begin=_begin(day, policy), end=_end(day, policy))
            rows += [row for row in found if row.used != UsageTotals()]  # what is under way has used nothing yet
        return UsageReport(
            days=tuple(days),
            rows=tuple(rows),
            drift=tuple(await self._store.drift(guild_id, begin=_begin(days[0], policy), end=_end(days[-1], policy))),
            budget=await self._lookup.account(budget(guild_id, policy.budget_usd_micros, now=now, zone=policy.zone)),
            budgeted=policy.budget_usd_micros is not None,
        )


def _days(span: Span, today: date) -> Sequence[date]:
    count = today.day if span is Span.THIS_MONTH else int(span)
    return [today - timedelta(days=back) for back in reversed(range(count))]


def _begin(day: date, policy: Policy) -> datetime:
    """Compute the first moment of a day in the guild's time zone."""
    return datetime.combine(day, time.min, tzinfo=policy.zone)


def _end(day: date, policy: Policy) -> datetime:
    return _begin(day + timedelta(days=1), policy)


def _line(row: MemberDay) -> tuple[object, ...]:
    used = row.used
    usd = (f"{amount / USD_MICROS:.6f}" for amount in (used.estimated, used.charged))
    return (row.day.isoformat(), row.user_id, used.videos, used.credits, *usd, used.failed)
