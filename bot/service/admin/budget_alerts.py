"""Tells whoever pays, once, how much of a budget is used."""

import logging
from hashlib import sha256
from typing import Final

from bot.domain import AuditEntry, OutboxItem, OutboxKind
from bot.domain.guild import BY_THE_BOT
from bot.domain.quota import guild_of_budget
from bot.service.outbox import OutboxHandler, UnrecordedPosts
from bot.service.ports import Alert, Notifier, Trouble
from bot.store.community.audit import AuditStore
from bot.store.money.budget_alerts import BudgetAlert, BudgetStore

log = logging.getLogger(__name__)

MICROS: Final = 1_000_000
OPERATOR: Final = 0  # stands for the operator's channel
WHOLE: Final = 100  # percent: there is no room for more


class BudgetAlerts(OutboxHandler):
    """Tells the operator of the alerts that the ledger notes, and the audit of the guild that they are about."""

    kind = OutboxKind.BUDGET

    def __init__(self, *, store: BudgetStore, audit: AuditStore, notifier: Notifier, posts: UnrecordedPosts) -> None:
        self._store, self._audit, self._notifier, self._posts = store, audit, notifier, posts

    async def handle(self, item: OutboxItem) -> int | None:
        """Tell of the highest share of a budget that is reached.

        Each part may be repeated after a crash: the record counts once by its id, the message is looked for.
        """
        alert = await self._store.highest(item.subject_id)
        if alert is None:
            return None
        guild_id = guild_of_budget(alert.owner)
        if guild_id is not None:
            await self._audit.note(_entry(alert, guild_id))
        whose = "the whole bot" if guild_id is None else f"server {guild_id}"
        detail = f"{_usd(alert.used)} USD of a budget of {_usd(alert.ceiling)} USD, {whose}, {alert.period}"
        log.warning("a budget is used", extra={"percent": alert.percent, "detail": detail})
        told = Alert(trouble=Trouble.BUDGET, subject=f"{alert.percent} %", detail=detail, key=_key(alert))
        await self._posts.post(
            item,
            place_id=OPERATOR,
            look=lambda since: self._notifier.find_alert(told, since=since),
            post=lambda: self._notifier.alert(told),
        )
        return None


def _entry(alert: BudgetAlert, guild_id: int) -> AuditEntry:
    return AuditEntry(
        id=alert.id,
        guild_id=guild_id,
        actor_id=BY_THE_BOT,
        action="budget_used" if alert.percent < WHOLE else "budget_spent",
        at=alert.at,
        detail={"percent": alert.percent, "used": _usd(alert.used), "ceiling": _usd(alert.ceiling)},
    )


def _key(alert: BudgetAlert) -> str:
    return f"budget-{sha256(alert.id.encode()).hexdigest()[:16]}"


def _usd(micros: int) -> str:
    return f"{micros / MICROS:.2f}"
