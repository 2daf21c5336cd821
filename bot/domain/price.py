"""What a request costs, in credits (the members' unit) and in USD (the operator's).

One credit is one second of standard silent video; every other second costs as much more as it does in USD.
Source of the USD list prices: "Known prices" of the `kling` document. What `kling-v1` costs was not found; it is
priced like the others until the operator says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Final

from bot.domain.request import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.request import VideoRequest

USD_MICROS: Final = 1_000_000  # millionths in a dollar


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one request costs: whole credits, and an estimate in millionths of a USD."""

    credits: int
    usd_micros: int

    @property
    def usd(self) -> Decimal:
        """The estimate in dollars."""
        return Decimal(self.usd_micros) / USD_MICROS


# USD a second, by mode and whether there is sound.
LIST_PRICES: Final[Mapping[tuple[Mode, bool], Decimal]] = {
    (Mode.STD, False): Decimal("0.084"),
    (Mode.PRO, False): Decimal("0.112"),
    (Mode.STD, True): Decimal("0.126"),
    (Mode.PRO, True): Decimal("0.168"),
}


def price(request: VideoRequest) -> Price:
    """The price of a request; parts of a credit and of a millionth are rounded up."""
    rate = Fraction(LIST_PRICES[request.mode, request.sound])
    standard = Fraction(LIST_PRICES[Mode.STD, False])
    return Price(
        credits=ceil(request.duration * rate / standard),
        usd_micros=ceil(request.duration * rate * USD_MICROS),
    )


def to_micros(usd: Decimal) -> int:
    """Dollars as the database keeps them: whole millionths, rounded up."""
    return ceil(Fraction(usd) * USD_MICROS)
