"""Tells those who run the bot, or a guild, how it stands, what was spent, and what is waiting to be decided."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.domain import EVERYWHERE, USD_MICROS, Account, AuditEntry, Case, Defaults, quota
from bot.domain.figures import Figures
from bot.domain.funding import budget
from bot.domain.standing import Queue, ServerBudget, SpendBy, SpendLine, Standing
from bot.service.admin.doctor import Doctor, ProviderState
from bot.service.admin.usage import BOM
from bot.store.community.audit import AuditStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.standing import StandingStore

PACE_SPAN: Final = timedelta(days=1)  # whose jobs the waiting and making times are of
SPEND_DAYS: Final = 30  # today is the last of them
STATES_FRESH: Final = timedelta(seconds=30)  # for which what was found of the services is believed
MOST: Final = 50  # open cases, entries of the audit, and guilds' budgets that are listed
FURTHEST: Final = timedelta(hours=14)  # of a time zone from UTC

COLUMNS: Final = ("jobs", "failed", "credits", "usd_estimated", "usd_spent")


class Overview:
    """Reads it all. `EVERYWHERE` as a guild's id is the whole bot. Every method may raise `StoreUnavailable`.

    `settings` are those in force, without any secret.
    """

    def __init__(
        self,
        *,
        store: StandingStore,
        guilds: GuildStore,
        lookup: JobQueryStore,
        audit: AuditStore,
        doctor: Doctor,
        defaults: Defaults,
        figures: Callable[[], Awaitable[Figures]],
        settings: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._guilds, self._lookup, self._audit = store, guilds, lookup, audit
        self._doctor, self._defaults, self._clock = doctor, defaults, clock
        self._figures, self.settings = figures, settings
        self._states: tuple[datetime, Mapping[str, ProviderState]] | None = None
        self._asking = asyncio.Lock()

    async def standing(self, guild_id: int) -> Standing:
        """Read what is under way, what waits for a person, and how long things take lately."""
        return await self._store.standing(guild_id, since=self._clock() - PACE_SPAN)

    async def providers(self) -> Mapping[str, ProviderState]:
        """Ask how the video services are, unless that was found out just now."""
        async with self._asking:
            now = self._clock()
            if self._states is None or not timedelta() <= now - self._states[0] < STATES_FRESH:
                self._states = now, await self._doctor.providers()
            return self._states[1]

    async def month(self, guild_id: int) -> Account | None:
        """Read the account of what this month costs; of the whole bot there is none where nobody set a ceiling."""
        if guild_id == EVERYWHERE:
            ceiling = self._defaults.budget_usd_micros
            fund = budget(None, ceiling, now=self._clock(), zone=UTC)
            return None if ceiling is None else await self._lookup.account(fund)
        policy = (await self._guilds.state(guild_id)).policy
        fund = budget(guild_id, policy.budget_usd_micros, now=self._clock(), zone=policy.zone)
        return await self._lookup.account(fund)

    async def queues(self) -> Sequence[Queue]:
        """Tell how many jobs each video service has, and how many wait for it."""
        figures = await self._figures()
        names = sorted({*figures.waiting, *figures.at_work, *figures.rests})
        return [
            Queue(
                provider=name,
                waiting=figures.waiting.get(name, 0),
                at_work=figures.at_work.get(name, 0),
                rests_until=rests if (rests := figures.rests.get(name)) and rests > self._clock() else None,
            )
            for name in names
        ]

    async def budgets(self) -> Sequence[ServerBudget]:
        """List what this month's videos of each guild cost, with its ceiling: those first that cost most."""
        now = self._clock()
        months = {quota.period_of(now + away, quota.Period.MONTH) for away in (-FURTHEST, FURTHEST)}
        accounts = await self._store.budgets(months, most=MOST)
        policies = [(await self._guilds.state(guild_id)).policy for guild_id in accounts]
        return [
            ServerBudget(
                guild_id=guild_id,
                ceiling=policy.budget_usd_micros,
                held=account.held,
                settled=account.settled,
            )
            for (guild_id, account), policy in zip(accounts.items(), policies, strict=True)
        ]

    async def spend(self, by: SpendBy, guild_id: int) -> Sequence[SpendLine]:
        """Add up what was spent lately; of days there is every one, also that on which nothing was."""
        today = self._clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=SPEND_DAYS - 1)
        lines = await self._store.spend(by, guild_id, since=since)
        return _every_day(lines, since=since) if by is SpendBy.DAY else lines

    async def cases(self, guild_id: int) -> Sequence[Case]:
        """List what waits to be decided, the oldest first."""
        return await self._store.open_cases(guild_id, most=MOST)

    async def audit(self, guild_id: int) -> Sequence[AuditEntry]:
        """List what was changed by people lately; of the whole bot, what belongs to no guild."""
        return await self._audit.of_guild(guild_id, most=MOST)


def _every_day(lines: Sequence[SpendLine], *, since: datetime) -> Sequence[SpendLine]:
    known = {line.name: line for line in lines}
    days = [(since + timedelta(days=more)).date().isoformat() for more in range(SPEND_DAYS)]
    return [known.get(day) or SpendLine(name=day, jobs=0, failed=0, credits=0, estimated=0, spent=0) for day in days]


def spend_table(by: SpendBy, lines: Sequence[SpendLine]) -> bytes:
    """Write a table of spend as a CSV file for spreadsheets: UTF-8 with its mark.

    Nothing in it was typed by anybody but names of models, which are the operator's.
    """
    file = io.StringIO()
    file.write(BOM)
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow((str(by), *COLUMNS))
    for line in lines:
        usd = (f"{amount / USD_MICROS:.6f}" for amount in (line.estimated, line.spent))
        writer.writerow((line.name, line.jobs, line.failed, line.credits, *usd))
    return file.getvalue().encode()
