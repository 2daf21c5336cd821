"""Describes packs of units that the operator has bought of a video service: they are used up, or run out."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.values import dataclass

LITTLE: Final = Decimal("0.2")  # of a pack that is left when the operator is warned
SOON: Final = timedelta(days=7)  # before its end, likewise


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """One pack that is in use: how many units it had and has, and when what is left of them is lost."""

    id: str
    name: str
    total: Decimal
    left: Decimal
    ends_at: datetime | None = None

    @property
    def is_low(self) -> bool:
        """Say whether little of it is left."""
        return self.left <= self.total * LITTLE

    def ends_soon(self, now: datetime) -> bool:
        """Say whether something of it is lost within days."""
        return self.left > 0 and self.ends_at is not None and timedelta(0) < self.ends_at - now <= SOON
