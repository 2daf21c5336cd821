"""Finds out whether a provider answers and takes our key, before anybody's money moves."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import OperatorFault, ProviderBusy, ProviderUnavailable
from bot.provider.base import VideoProvider
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble
from bot.store.jobs.provider_rests import ProviderRestStore

FRESH: Final = timedelta(seconds=60)  # so long an answer of the provider vouches for the next request
PATIENCE: Final = 15.0  # seconds a person is kept waiting for a provider's answer


class ProviderHealth:
    """Remembers when a provider last answered well, and asks it something harmless when that was long ago.

    What is remembered here is good for a minute and each process's own; whether a provider takes submissions is in the
    database, for all of them. `patience` is in seconds.
    """

    def __init__(
        self,
        provider: VideoProvider,
        *,
        rests: ProviderRestStore,
        operator_alerts: OperatorAlerts,
        clock: Callable[[], datetime],
        patience: float = PATIENCE,
    ) -> None:
        self._provider, self._rests, self._operator_alerts = provider, rests, operator_alerts
        self._clock, self._patience = clock, patience
        self._good_until: datetime | None = None

    def note_answered(self) -> None:
        """Note that the provider has just carried out something for us."""
        self._good_until = self._clock() + FRESH

    def note_doubt(self) -> None:
        """Ask the provider before the next request: it has just failed us."""
        self._good_until = None

    async def rests_until(self) -> datetime | None:
        """Tell when the provider's rest ends; None when it takes submissions.

        Raises:
            StoreUnavailable: the database refuses.
        """
        return await self._rests.until(self._provider.id, now=self._clock())

    async def ensure(self) -> None:
        """Return when the provider would take a request now.

        Raises:
            OperatorFault: it does not take our key; the operator has been told.
            ProviderUnavailable: it does not answer, or not soon enough.
        """
        if self._good_until is not None and timedelta(0) < self._good_until - self._clock() <= FRESH:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._provider.check()
        except TimeoutError as exc:
            raise ProviderUnavailable(provider=self._provider.id, code="slow") from exc
        except ProviderBusy:
            return  # it answers, and the queue waits for it
        except OperatorFault as exc:
            await self._operator_alerts.tell(Alert(trouble=Trouble.KEY, subject=exc.provider, detail=exc.code))
            raise
        self.note_answered()
