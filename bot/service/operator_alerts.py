"""Tells the operator of every trouble in the log, and of each kind once an hour by a message."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import DestinationBusy, ShotcallerError
from bot.service.ports import Alert, Notifier

log = logging.getLogger(__name__)

QUIET: Final = timedelta(hours=1)
BUSY: Final = timedelta(minutes=1)  # before a message that Discord was too busy for is tried again


class OperatorAlerts:
    """Passes alerts on; a trouble that repeats is not repeated to the operator within the hour."""

    def __init__(self, notifier: Notifier, *, clock: Callable[[], datetime]) -> None:
        self._notifier, self._clock = notifier, clock
        self._quiet_until: dict[tuple[str, str], datetime] = {}

    async def tell(self, alert: Alert) -> None:
        """Write an alert to the log and, unless it was told lately, send it. Never raises on Discord's account."""
        fields = {"trouble": str(alert.trouble), "subject": alert.subject, "detail": alert.detail}
        log.error("the operator has to act", extra=fields)
        now, key = self._clock(), (str(alert.trouble), alert.subject)
        self._quiet_until = {each: until for each, until in self._quiet_until.items() if now < until <= now + QUIET}
        if key in self._quiet_until:
            return
        self._quiet_until[key] = now + QUIET
        try:
            await self._notifier.alert(alert)
        except ShotcallerError as exc:
            log.warning("the operator could not be told on Discord", extra={"reason": str(exc)})
            if isinstance(exc, DestinationBusy):
                self._quiet_until[key] = now + BUSY
