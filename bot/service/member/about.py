"""Says what the bot is: which version runs, and how the video services are."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.errors import ProviderError
from bot.service.jobs.provider_health import ProviderHealth
from bot.values import dataclass

FRESH: Final = timedelta(minutes=1)  # so long nobody's question asks a provider again


class Condition(StrEnum):
    """How a video service is."""

    WELL = "well"  # it answers, and takes our key
    BUSY = "busy"  # it takes nothing just now; what is asked for waits
    DOWN = "down"  # it does not answer, or not to us


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Which bot this is. `source` is the address of its source; None where the operator has named none."""

    version: str
    source: str | None


class About:
    """Answers questions about the bot. Asking a provider how it is costs nothing, and happens once a minute at most."""

    def __init__(self, *, facts: Facts, health: Mapping[str, ProviderHealth], clock: Callable[[], datetime]) -> None:
        self.facts = facts
        self._health, self._clock = health, clock
        self._known: dict[str, tuple[datetime, Condition]] = {}

    async def conditions(self) -> dict[str, Condition]:
        """Find how every configured video service is, by its id."""
        return {name: await self._condition(name) for name in self._health}

    async def _condition(self, name: str) -> Condition:
        if await self._health[name].rests_until() is not None:
            return Condition.BUSY
        known = self._known.get(name)
        if known is not None and abs(self._clock() - known[0]) < FRESH:
            return known[1]
        try:
            await self._health[name].ensure()
            condition = Condition.WELL
        except ProviderError:
            condition = Condition.DOWN
        self._known[name] = (self._clock(), condition)
        return condition
