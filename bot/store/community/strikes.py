"""Counts strikes, which are refused prompts, against their author for some time; enough of them block."""

from datetime import datetime, timedelta

from bot.domain import AuditEntry, ModerationPolicy, millis
from bot.domain.guild import BY_THE_BOT
from bot.store.community.guilds import block
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import strikes_of
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class StrikeOutcome:
    """Says how many strikes count now, and until when their author is blocked for them."""

    count: int
    blocked_until: datetime | None = None


class StrikeStore(Store):
    """Keeps the strikes of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def strike(
        self,
        tx: Transaction,
        *,
        key: str,
        guild_id: int,
        user_id: int,
        reason: str,
        rules: ModerationPolicy,
        now: datetime,
    ) -> StrikeOutcome:
        """Count a refused prompt, the same key once. Strikes that have led to a block, or are too old, are gone."""
        member, since = (guild_id, user_id), millis(now - timedelta(days=rules.strike_days))
        await tx.alone(strikes_of(guild_id, user_id))
        await tx.execute("DELETE FROM strikes WHERE guild_id = $1 AND user_id = $2 AND at <= $3", *member, since)
        await tx.execute(
            "INSERT INTO strikes (id, guild_id, user_id, reason, at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO NOTHING",
            *(key, *member, reason, millis(now)),
        )
        row = await tx.one("SELECT count(*) AS n FROM strikes WHERE guild_id = $1 AND user_id = $2", *member)
        count = int(row["n"]) if row else 0
        if count < rules.strikes:
            return StrikeOutcome(count=count)
        until = now + timedelta(hours=rules.block_hours)
        await tx.execute("DELETE FROM strikes WHERE guild_id = $1 AND user_id = $2", *member)
        detail = {"member": user_id, "count": count, "until": until.isoformat()}
        entry = AuditEntry(
            id=f"strikes-{key}", guild_id=guild_id, actor_id=BY_THE_BOT, action="strikes", at=now, detail=detail
        )
        await block(tx, entry, user_id=user_id, until=until, reason="", shorten=False)
        return StrikeOutcome(count=count, blocked_until=until)
