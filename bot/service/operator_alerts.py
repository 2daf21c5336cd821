"""Tells the operator of every trouble in the log, and of each kind once an hour by a message."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import DestinationBusy, ShotcallerError, StoreError
from bot.service.ports import Alert, Notifier
from bot.store.told_troubles import ToldTroubleStore

log = logging.getLogger(__name__)

QUIET: Final = timedelta(hours=1)
BUSY: Final = timedelta(minutes=1)  # before a message that Discord was too busy for is tried again
CLOSED: Final = QUIET  # before one that it refused is: by then the operator's channel may be open


class OperatorAlerts:
    """Passes alerts on; a trouble that repeats is not repeated to the operator within the hour, by no process."""

    def __init__(self, notifier: Notifier, *, store: ToldTroubleStore, clock: Callable[[], datetime]) -> None:
        self._notifier, self._store, self._clock = notifier, store, clock
        self._quiet_until: dict[tuple[str, str], datetime] = {}  # what was told while the database could not be asked

    async def tell(self, alert: Alert, *, quiet: timedelta = QUIET) -> None:
        """Write an alert to the log and, unless it was told within `quiet`, send it.

        Never raises on anybody else's account.
        """
        fields = {"trouble": str(alert.trouble), "subject": alert.subject, "detail": alert.detail}
        log.error("the operator has to act", extra=fields)
        key = (str(alert.trouble), alert.subject)
        if not await self._take(key, quiet):
            return
        try:
            await self._notifier.alert(alert)
        except ShotcallerError as exc:
            log.warning("the operator could not be told on Discord", extra={"reason": str(exc)})
            await self._put_off(key, BUSY if isinstance(exc, DestinationBusy) else CLOSED)

    async def _take(self, key: tuple[str, str], quiet: timedelta) -> bool:
        """Find out whether a trouble is ours to tell; a database that cannot say is a trouble that is told here."""
        now = self._clock()
        try:
            return await self._store.take(*key, now=now, quiet=quiet)
        except StoreError as exc:
            log.warning("the database refuses", extra={"detail": str(exc)})
        self._quiet_until = {each: until for each, until in self._quiet_until.items() if now < until <= now + QUIET}
        if key in self._quiet_until:
            return False
        self._quiet_until[key] = now + QUIET
        return True

    async def _put_off(self, key: tuple[str, str], wait: timedelta) -> None:
        """Let a trouble be told later that could not be told now."""
        at = self._clock() + wait
        if key in self._quiet_until:
            self._quiet_until[key] = at
        try:
            await self._store.again(*key, at=at)
        except StoreError as exc:
            log.warning("the database refuses", extra={"detail": str(exc)})
