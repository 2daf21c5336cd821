"""Tells whoever pays, once, how much of a budget is used."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from bot.domain import AuditEntry
from bot.domain.quota import guild_of_budget
from bot.errors import DestinationBusy, ShotcallerError
from bot.service.ports import Alert, Notifier, Trouble
from bot.store.community.audit import AuditStore
from bot.store.money.budget_alerts import BudgetAlert, BudgetStore

log = logging.getLogger(__name__)

AT_ONCE: Final = 100  # alerts looked at in one go
MICROS: Final = 1_000_000
WHOLE: Final = 100  # percent: there is no room for more
BOT_ITSELF: Final = 0  # stands for the bot where somebody's id is expected


class BudgetAlerts:
    """Takes the alerts that the ledger notes to the operator, and into the record of the guild they are about."""

    def __init__(
        self,
        *,
        store: BudgetStore,
        audit: AuditStore,
        notifier: Notifier,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._audit, self._notifier = store, audit, notifier
        self._clock, self._wake = clock, wake

    async def tell(self) -> None:
        """Tell everything that has not been told; of several shares of one budget the highest alone."""
        groups: dict[tuple[str, str, int], list[BudgetAlert]] = {}
        for alert in await self._store.not_yet_told(most=AT_ONCE):
            groups.setdefault((alert.owner, alert.period, alert.ceiling), []).append(alert)
        for alerts in groups.values():
            await self._tell(max(alerts, key=lambda each: each.percent), alerts)

    async def _tell(self, alert: BudgetAlert, alerts: Sequence[BudgetAlert]) -> None:
        """Each part may be repeated after a crash: the record by its id, the message by its nonce count once."""
        guild_id = guild_of_budget(alert.owner)
        if guild_id is not None:
            await self._audit.note(_entry(alert, guild_id))
            self._wake()
        whose = "the whole bot" if guild_id is None else f"server {guild_id}"
        detail = f"{_usd(alert.used)} of {_usd(alert.ceiling)} USD, {whose}, {alert.period}"
        try:
            message = Alert(trouble=Trouble.BUDGET, subject=f"{alert.percent} %", detail=detail, key=_key(alert))
            log.warning("a budget is used", extra={"percent": alert.percent, "detail": detail})
            await self._notifier.alert(message)
        except DestinationBusy as exc:
            log.info("the operator could not be told yet", extra={"reason": str(exc)})
            return
        except ShotcallerError as exc:
            log.warning("the operator could not be told on Discord", extra={"reason": str(exc)})
        await self._store.mark_told(alerts, now=self._clock())


def _entry(alert: BudgetAlert, guild_id: int) -> AuditEntry:
    return AuditEntry(
        id=alert.id,
        guild_id=guild_id,
        actor_id=BOT_ITSELF,
        action="budget_used" if alert.percent < WHOLE else "budget_spent",
        at=alert.at,
        detail={"percent": alert.percent, "used": _usd(alert.used), "ceiling": _usd(alert.ceiling)},
    )


def _key(alert: BudgetAlert) -> str:
    return f"budget-{sha256(alert.id.encode()).hexdigest()[:16]}"


def _usd(micros: int) -> str:
    return f"{micros / MICROS:.2f}"
