"""Whether a provider answers and takes our key, asked before anybody's money moves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import OperatorFault, ProviderBusy
from bot.service.notifier import Alert, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.provider.base import VideoProvider
    from bot.service.operator import OperatorDesk

FRESH: Final = timedelta(seconds=60)  # so long an answer of the provider vouches for the next request


class ProviderHealth:
    """Remembers when a provider last answered well, and asks it something harmless when that was long ago."""

    def __init__(self, provider: VideoProvider, *, desk: OperatorDesk, clock: Callable[[], datetime]) -> None:
        self._provider, self._desk, self._clock = provider, desk, clock
        self._good_until: datetime | None = None

    def answered(self) -> None:
        """The provider has just carried out something for us."""
        self._good_until = self._clock() + FRESH

    def doubt(self) -> None:
        """The provider has just failed us: ask before the next request."""
        self._good_until = None

    async def ensure(self) -> None:
        """Return when the provider would take a request now.

        Raises:
            OperatorFault: it does not take our key; the operator has been told.
            ProviderUnavailable: it does not answer.
        """
        if self._good_until is not None and self._clock() < self._good_until:
            return
        try:
            await self._provider.check()
        except ProviderBusy:
            return  # it answers, and the queue waits for it
        except OperatorFault as exc:
            await self._desk.tell(Alert(trouble=Trouble.KEY, subject=exc.provider, detail=exc.code))
            raise
        self.answered()
