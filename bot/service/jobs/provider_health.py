"""Finds out whether a provider answers and takes our key, before anybody's money moves."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff
from bot.errors import OperatorFault, ProviderBusy, ProviderUnavailable
from bot.provider.base import VideoProvider
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble

FRESH: Final = timedelta(seconds=60)  # so long an answer of the provider vouches for the next request
PATIENCE: Final = 15.0  # seconds a person is kept waiting for a provider's answer
ABREAST: Final = 2  # submissions to one provider at once: so many are in doubt when it breaks, not all that wait
LONGEST: Final = timedelta(seconds=backoff.RETRY_AFTER_CAP)  # rest
DOUBT: Final = 120.0  # seconds of rest, of which half is sure, after a submission that ended in doubt


class ProviderHealth:
    """Remembers when a provider last answered well, and asks it something harmless when that was long ago.

    `patience` is in seconds.
    """

    def __init__(
        self,
        provider: VideoProvider,
        *,
        operator_alerts: OperatorAlerts,
        clock: Callable[[], datetime],
        patience: float = PATIENCE,
    ) -> None:
        self._provider, self._operator_alerts, self._clock, self._patience = provider, operator_alerts, clock, patience
        self._good_until: datetime | None = None
        self._rests_until: datetime | None = None
        self._doubts = 0  # submissions in a row that ended in doubt
        self._careful = False

    def note_answered(self) -> None:
        """Note that the provider has just carried out something for us."""
        self._good_until = self._clock() + FRESH

    def note_doubt(self) -> None:
        """Ask the provider before the next request: it has just failed us."""
        self._good_until = None

    def note_accepted(self) -> None:
        """Note that the provider has taken a submission: whatever kept others from it is over."""
        self.note_answered()
        self._rests_until, self._doubts, self._careful = None, 0, False

    def note_unclear(self, *, rand: Callable[[], float]) -> None:
        """Rest, ever longer, after a submission that ended in doubt: the next may, too, and be a dead letter."""
        self._doubts += 1
        self.rest(backoff.delay(self._doubts, rand=rand, base=DOUBT, cap=backoff.RETRY_AFTER_CAP))

    def rest(self, wait: timedelta) -> None:
        """Submit nothing for so long to a provider that takes nothing just now, then one at a time until it does."""
        self.note_doubt()
        self._careful = True
        until = self._clock() + wait
        self._rests_until = until if self._rests_until is None else max(until, self._rests_until)

    def rests_until(self) -> datetime | None:
        """Tell when the provider's rest ends; None when it takes submissions."""
        if self._rests_until is not None and not timedelta(0) < self._rests_until - self._clock() <= LONGEST:
            self._rests_until = None  # it is over, or the clock has leapt back
        return self._rests_until

    def slots(self) -> int:
        """Tell how many submissions may be on their way to the provider at once."""
        if self.rests_until() is not None:
            return 0
        return 1 if self._careful else ABREAST

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
