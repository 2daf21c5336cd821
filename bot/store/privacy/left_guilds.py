"""Keeps the guilds that the bot has left: noticed, kept for a time of grace, then forgotten."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from bot.domain import EVERYWHERE, Failure, Job, OutboxKind, from_millis, millis
from bot.store.database import Store, Transaction, transaction
from bot.store.jobs.transitions import UNENDED, give_up_each
from bot.store.locks import FORGETTING
from bot.store.outbox import announce, sweep
from bot.store.privacy.anonymize import anonymize_account, lock_accounts
from bot.values import dataclass

_WAITING: Final = "status IN ('pending', 'queued')"
# The guilds that nothing is known of and that a job waits or is under way in, in the very words of the partial index:
# somebody asked before the bot was told of the guild, and it may have been removed meanwhile.
_UNNOTED: Final = (
    "SELECT DISTINCT guild_id FROM jobs WHERE delivered_at IS NULL AND dead_letter IS NULL "
    "AND status IN ('pending', 'queued', 'submitting', 'running', 'succeeded') "
    "AND guild_id IS NOT NULL AND guild_id NOT IN (SELECT guild_id FROM guilds) AND (guild_id >> 22) % $2 = $1"
)
# What a guild's people have decided and begun there. What they made stays theirs.
_OF_GUILD: Final = (
    "DELETE FROM queues WHERE queue_id = $1 AND waiting <= 0",
    "DELETE FROM strikes WHERE guild_id = $1",
    "DELETE FROM members WHERE guild_id = $1",
    "DELETE FROM cases WHERE guild_id = $1",
    "DELETE FROM audit WHERE guild_id = $1",
    "DELETE FROM presets WHERE guild_id = $1 AND shared = 1",
    "DELETE FROM drafts WHERE guild_id = $1",
    "UPDATE feedback SET guild_id = NULL WHERE guild_id = $1",
    "DELETE FROM preferences WHERE scope IN (SELECT 'channel:' || channel_id FROM jobs WHERE guild_id = $1)",
    "DELETE FROM synced_commands WHERE guild_id = $1",
    "DELETE FROM outbox WHERE kind = 'welcome' AND guild_id = $1",
    "DELETE FROM guilds WHERE guild_id = $1",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftGuild:
    """A guild that the bot has left, and when."""

    guild_id: int
    at: datetime


class LeftGuildStore(Store):
    """Keeps the left guilds of one database. Every method may raise `StoreUnavailable`; what it did stays done."""

    @transaction
    async def joined(self, tx: Transaction, guild_id: int, *, now: datetime, welcome_in: int | None = None) -> None:
        """Note that the bot is in this guild: what was decided there before holds again.

        Where it has never been there, it introduces itself in the channel `welcome_in`.
        """
        await _joined(tx, guild_id, now=now, welcome_in=welcome_in)

    @transaction
    async def is_in(self, tx: Transaction, guild_id: int) -> bool:
        """Say whether the bot is in this guild, as far as Discord has told."""
        row = await tx.one("SELECT 1 AS found FROM guilds WHERE guild_id = $1 AND left_at IS NULL", guild_id)
        return row is not None

    @transaction
    async def left(self, tx: Transaction, guild_id: int, *, now: datetime) -> None:
        """Note that the bot was removed from this guild; the first time counts."""
        await _left(tx, guild_id, now=now)

    @transaction
    async def compare(
        self,
        tx: Transaction,
        guild_ids: Collection[int],
        *,
        shard: int = 0,
        of: int = 1,
        now: datetime,
        told: bool = True,
        welcome_in: Mapping[int, int] | None = None,
    ) -> list[int]:
        """Compare with all the guilds of a shard: note the new ones and the gone ones, and give back the latter.

        The guilds of other shards, of which this one hears nothing, stay as they are. What is listed and not `told` of
        yet is not noted as new; `welcome_in` is as of `joined`, by guild.
        """
        rows = await tx.all(
            "SELECT guild_id, left_at FROM guilds WHERE guild_id <> $1 AND (guild_id >> 22) % $3 = $2",
            EVERYWHERE,
            shard,
            of,
        )
        known = {row["guild_id"]: row["left_at"] for row in rows}
        for guild_id in guild_ids:
            news = known[guild_id] is not None if guild_id in known else told
            if (guild_id >> 22) % of == shard and news:
                await _joined(tx, guild_id, now=now, welcome_in=(welcome_in or {}).get(guild_id))
        listed = [guild_id for guild_id, left_at in known.items() if left_at is None]
        unnoted = [row["guild_id"] for row in await tx.all(_UNNOTED, shard, of)]
        all_left = [each for each in [*listed, *unnoted] if each not in guild_ids]
        for guild_id in all_left:
            await _left(tx, guild_id, now=now)
        return all_left

    @transaction
    async def all_left(self, tx: Transaction) -> list[LeftGuild]:
        """List the guilds that the bot has left, the longest ago first."""
        rows = await tx.all("SELECT guild_id, left_at FROM guilds WHERE left_at IS NOT NULL ORDER BY left_at")
        return [LeftGuild(guild_id=row["guild_id"], at=from_millis(row["left_at"])) for row in rows]

    async def take_back_waiting(self, left_guild: LeftGuild, *, now: datetime) -> int:
        """Cancel what waits there, each job in a transaction of its own; count the jobs."""
        jobs = await self._jobs(left_guild, _WAITING)  # one whose turn comes now is made, and goes to its person
        return await give_up_each(self._database, jobs, only=_WAITING, failure=Failure.LEFT, now=now)

    async def end_all(self, left_guild: LeftGuild, *, now: datetime) -> int:
        """End whatever still holds credits there, and count the jobs. What a provider may have is charged."""
        jobs = await self._jobs(left_guild, UNENDED)
        await give_up_each(self._database, jobs, only=UNENDED, failure=Failure.LEFT, now=now)
        return len(jobs)

    @transaction
    async def forget(self, tx: Transaction, left_guild: LeftGuild) -> bool:
        """Delete what belongs to the guild, and take its members' names off the accounts, if it is still gone.

        Not while a job there, perhaps one of a moment ago, has not ended.
        """
        await tx.alone(FORGETTING)
        still = await tx.one(  # and so until this transaction ends
            "UPDATE guilds SET left_at = $2 WHERE guild_id = $1 AND left_at = $2 RETURNING guild_id",
            left_guild.guild_id,
            millis(left_guild.at),
        )
        if still is None:
            return False
        members = [f"{kind}:%@guild:{left_guild.guild_id}" for kind in ("user", "extra")]
        rows = await tx.all("SELECT * FROM accounts WHERE owner LIKE $1 OR owner LIKE $2", *members)
        accounts = await lock_accounts(tx, rows)
        if any(account.held for account in accounts):
            return False
        for account in accounts:
            await anonymize_account(tx, account.owner, account.period)
        await tx.execute("DELETE FROM preferences WHERE scope = $1", f"guild:{left_guild.guild_id}")
        for sql in _OF_GUILD:
            await tx.execute(sql, left_guild.guild_id)
        await sweep(tx)
        return True

    @transaction
    async def _jobs(self, tx: Transaction, left_guild: LeftGuild, where: str, *, most: int = 1000) -> list[Job]:
        rows = await tx.all(
            f"SELECT * FROM jobs WHERE guild_id = $1 AND {where} ORDER BY created_at LIMIT $2",  # noqa: S608 (constants)
            left_guild.guild_id,
            most,
        )
        return [Job.from_row(row) for row in rows]


async def _joined(tx: Transaction, guild_id: int, *, now: datetime, welcome_in: int | None) -> None:
    new = await _insert(tx, guild_id, now=now)
    if not new and not await tx.execute("UPDATE guilds SET left_at = NULL WHERE guild_id = $1", guild_id):
        new = await _insert(tx, guild_id, now=now)  # it was forgotten between both
    if new and welcome_in is not None:
        await announce(tx, OutboxKind.WELCOME, str(guild_id), guild_id=guild_id, channel_id=welcome_in, now=now)


async def _insert(tx: Transaction, guild_id: int, *, now: datetime) -> int:
    sql = "INSERT INTO guilds (guild_id, body, updated_at) VALUES ($1, '{}', $2) ON CONFLICT (guild_id) DO NOTHING"
    return await tx.execute(sql, guild_id, millis(now))


async def _left(tx: Transaction, guild_id: int, *, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO guilds (guild_id, body, left_at, updated_at) VALUES ($1, '{}', $2, $2) "
        "ON CONFLICT (guild_id) DO UPDATE SET left_at = coalesce(guilds.left_at, excluded.left_at)",
        guild_id,
        millis(now),
    )
