"""Reads what is left of what the operator has bought of the video services, and warns them in time, once a pack."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.domain.pack import Pack
from bot.errors import ProviderError
from bot.provider.base import TellsPacks
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble

log = logging.getLogger(__name__)

FRESH: Final = timedelta(minutes=10)  # for which what an account told is believed; the telling is hours late itself
PATIENCE: Final = 15.0  # seconds for an account's answer
ONCE: Final = timedelta(days=400)  # for which a warning about a pack is not repeated: longer than packs last


class Balances:
    """Asks the services that tell. Of those that tell nothing, or not now, there is nothing to see."""

    def __init__(
        self, providers: Mapping[str, object], *, operator_alerts: OperatorAlerts, clock: Callable[[], datetime]
    ) -> None:
        self._telling = {name: each for name, each in providers.items() if isinstance(each, TellsPacks)}
        self._operator_alerts, self._clock = operator_alerts, clock
        self._last: tuple[datetime, Mapping[str, Sequence[Pack]]] | None = None
        self._asking = asyncio.Lock()

    async def read(self) -> Mapping[str, Sequence[Pack]]:
        """List the packs in use of each service, unless that was asked lately."""
        async with self._asking:
            now = self._clock()
            if self._last is None or not timedelta() <= now - self._last[0] < FRESH:
                self._last = now, {name: await self._ask(name, now) for name in self._telling}
            return self._last[1]

    async def warn(self) -> None:
        """Tell the operator of packs of which little is left, or which end soon."""
        for name, packs in (await self.read()).items():
            for pack in packs:
                subject, left = f"{name}: {pack.name} ({pack.id})", f"{pack.left:f} / {pack.total:f}"
                if pack.is_low:
                    await self._tell(Trouble.BALANCE, subject, left)
                if pack.ends_soon(self._clock()) and pack.ends_at is not None:
                    await self._tell(Trouble.EXPIRY, subject, f"{pack.ends_at:%Y-%m-%d %H:%M} UTC, {left}")

    async def _tell(self, trouble: Trouble, subject: str, detail: str) -> None:
        await self._operator_alerts.tell(Alert(trouble=trouble, subject=subject, detail=detail), quiet=ONCE)

    async def _ask(self, name: str, now: datetime) -> Sequence[Pack]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._telling[name].packs(now)
        except (ProviderError, TimeoutError) as exc:
            log.info("the account tells nothing", extra={"provider": name, "detail": str(exc) or "slow"})
            return ()
