"""Keeps what is decided about guilds and members. Every change is read, made, written and recorded as one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.domain import EVERYWHERE, Allowance, AuditEntry, GuildState, MemberState, Policy, PolicyChange, Row, millis
from bot.domain.policy_diff import differences
from bot.errors import TransitionLost
from bot.store.community.audit import record
from bot.store.database import Store, Transaction, transaction

_STATES: Final = "SELECT * FROM guilds WHERE guild_id IN ($1, $2)"


class GuildStore(Store):
    """Keeps the guilds of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    async def state(self, guild_id: int | None) -> GuildState:
        """Read what is decided about a guild; the usual for direct messages and where nobody has decided."""
        return (await self.states(guild_id=guild_id, user_id=0))[1]

    @transaction(snapshot=True)
    async def states(
        self, tx: Transaction, *, guild_id: int | None, user_id: int
    ) -> tuple[GuildState, GuildState, MemberState]:
        """Read what is decided about the whole bot, a guild, and a member of it: all that a request has to pass."""
        place = EVERYWHERE if guild_id is None else guild_id
        found = {row["guild_id"]: GuildState.from_row(row) for row in await tx.all(_STATES, EVERYWHERE, place)}
        member = await tx.one("SELECT * FROM members WHERE guild_id = $1 AND user_id = $2", place, user_id)
        everywhere = found.get(EVERYWHERE, GuildState())
        guild = GuildState() if guild_id is None else found.get(place, GuildState())
        return everywhere, guild, MemberState.from_row(member) if member else MemberState()

    @transaction
    async def change(self, tx: Transaction, entry: AuditEntry, apply: Callable[[Policy], Policy]) -> PolicyChange:
        """Change a guild's policy; see `change_policy`."""
        return await change_policy(tx, entry, apply)

    @transaction
    async def pause(self, tx: Transaction, entry: AuditEntry, *, paused: bool, reason: str = "") -> bool:
        """Pause a guild (`EVERYWHERE`: the whole bot), or go on; say whether that changed anything."""
        await _locked(tx, entry.guild_id, now=entry.at)
        changed = await tx.execute(
            "UPDATE guilds SET paused = $2, pause_reason = $3 WHERE guild_id = $1 AND paused <> $2",
            entry.guild_id,
            int(paused),
            reason,
        )
        if changed:
            await record(tx, entry)
        return changed == 1

    @transaction
    async def set_allowance(
        self, tx: Transaction, entry: AuditEntry, *, user_id: int, allowance: Allowance | None
    ) -> None:
        """Give one member an allowance of their own, or with None the one of everybody."""
        await tx.execute(
            "INSERT INTO members (guild_id, user_id, allowance, period) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (guild_id, user_id) "
            "DO UPDATE SET allowance = excluded.allowance, period = excluded.period",
            entry.guild_id,
            user_id,
            allowance and allowance.credits,
            allowance and str(allowance.period),
        )
        await record(tx, entry)

    @transaction
    async def block(
        self, tx: Transaction, entry: AuditEntry, *, user_id: int, until: datetime | None, reason: str
    ) -> None:
        """Let a member ask for nothing until then, whatever was decided before; None ends a block."""
        await block(tx, entry, user_id=user_id, until=until, reason=reason)

    @transaction
    async def block_longer(
        self, tx: Transaction, entry: AuditEntry, *, user_id: int, until: datetime, reason: str
    ) -> None:
        """Let a member ask for nothing until then at least."""
        await block(tx, entry, user_id=user_id, until=until, reason=reason, shorten=False)

    @transaction
    async def blocked(self, tx: Transaction, guild_id: int, *, now: datetime) -> dict[int, MemberState]:
        """List the members that are blocked, by their ids."""
        rows = await tx.all(
            "SELECT * FROM members WHERE guild_id = $1 AND blocked_until > $2 ORDER BY blocked_until",
            guild_id,
            millis(now),
        )
        return {row["user_id"]: MemberState.from_row(row) for row in rows}


async def change_policy(tx: Transaction, entry: AuditEntry, apply: Callable[[Policy], Policy]) -> PolicyChange:
    """Change a guild's policy inside a transaction by a function of the present one. Two admins' changes both hold.

    The entry is recorded with the differences as `changes`; where nothing differs, nothing is written.

    Raises:
        ValueError: by `apply`; nothing has changed.
    """
    row = await _locked(tx, entry.guild_id, now=entry.at)
    present = GuildState.from_row(row).policy
    policy = apply(present)
    found = differences(present, policy)
    if not found:
        return PolicyChange(policy=policy, differences=())
    changed = await tx.execute(
        "UPDATE guilds SET body = $3, running_limit = $4, version = version + 1, updated_at = $5 "
        "WHERE guild_id = $1 AND version = $2",
        entry.guild_id,
        row["version"],
        policy.model_dump_json(),
        policy.limits.running,
        millis(entry.at),
    )
    if changed != 1:
        raise TransitionLost(f"guild {entry.guild_id} was changed meanwhile")
    detail = {**entry.detail, "changes": [each.body() for each in found]}
    await record(tx, replace(entry, detail=detail))
    return PolicyChange(policy=policy, differences=found)


async def block(
    tx: Transaction, entry: AuditEntry, *, user_id: int, until: datetime | None, reason: str, shorten: bool = True
) -> None:
    """Block a member inside a transaction; a block that is as long already stays, unless this may `shorten`."""
    changed = await tx.execute(
        "INSERT INTO members (guild_id, user_id, blocked_until, block_reason, blocked_by) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (guild_id, user_id) DO UPDATE SET blocked_until = excluded.blocked_until, "
        "block_reason = excluded.block_reason, blocked_by = excluded.blocked_by "
        "WHERE $6 = 1 OR members.blocked_until IS NULL OR members.blocked_until < excluded.blocked_until",
        entry.guild_id,
        user_id,
        millis(until) if until else None,
        reason,
        entry.actor_id,
        int(shorten),
    )
    if changed:
        await record(tx, entry)


async def _locked(tx: Transaction, guild_id: int, *, now: datetime) -> Row:
    """Lock the guild's row for this transaction, and make it where it is missing."""
    row = await tx.one(
        "INSERT INTO guilds (guild_id, body, updated_at) VALUES ($1, '{}', $2) "
        "ON CONFLICT (guild_id) DO UPDATE SET guild_id = excluded.guild_id RETURNING *",
        guild_id,
        millis(now),
    )
    if row is None:
        raise TransitionLost(f"no row for guild {guild_id}")
    return row
