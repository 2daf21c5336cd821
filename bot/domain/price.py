"""Prices requests, in credits (the members' unit) and in USD (the operator's), by a table that operators may change.

By default one credit is one second of standard silent video of Kling 3.0, and every other second costs as much more
or less as it does in USD. Each rate of the shipped table names its source and its date.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.domain.request import Mode, VideoRequest
from bot.values import dataclass

USD_MICROS: Final = 1_000_000  # millionths in a dollar

Amount = Annotated[Fraction, Field(ge=0, le=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one request costs: whole credits, and an estimate in millionths of a USD."""

    credits: int
    usd_micros: int

    @property
    def usd(self) -> Decimal:
        """Convert the estimate to dollars."""
        return Decimal(self.usd_micros) / USD_MICROS


class Rate(BaseModel):
    """What a kind of video costs: each second of it, or with `seconds` one of exactly that length as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    provider: Name
    model: Name
    mode: Mode
    sound: bool = False
    seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    credits: Amount
    usd: Amount
    source: str = ""
    as_of: date | None = None

    @property
    def kind(self) -> tuple[str, str, Mode, bool, int | None]:
        """Name the kind of video that this is the price of."""
        return self.provider, self.model, self.mode, self.sound, self.seconds

    def price(self, duration: int) -> Price:
        """Compute the price of a video of so many seconds; parts of a credit and of a millionth are rounded up."""
        times = duration if self.seconds is None else 1
        return Price(credits=ceil(times * self.credits), usd_micros=ceil(times * self.usd * USD_MICROS))


class Tariff(BaseModel):
    """The rates of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    rates: tuple[Rate, ...] = ()

    def price(self, request: VideoRequest) -> Price:
        """Compute a request's price: of exactly its length, else by the second, else of the next length that has one.

        Raises:
            LookupError: there is none for such a video.
        """
        alike = [rate for rate in self.rates if (rate.mode, rate.sound) == (request.mode, request.sound)]
        lengths = {rate.seconds: rate for rate in alike}
        found = lengths.get(request.duration) or lengths.get(None) or _next_longer(alike, request.duration)
        if found is None:
            raise LookupError(f"{request.model} has no price for {request.mode}, sound {request.sound}")
        return found.price(request.duration)

    def covers(self, *, mode: Mode, sound: bool, duration: int) -> bool:
        """Say whether a video of exactly that length has a price."""
        alike = [rate for rate in self.rates if (rate.mode, rate.sound) == (mode, sound)]
        return any(rate.seconds in {None, duration} for rate in alike)


class PriceTable(BaseModel):
    """Every rate there is, each kind of video once."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    rate: tuple[Rate, ...] = ()

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        kinds = [rate.kind for rate in self.rate]
        for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}, key=str):
            raise ValueError(f"one rate for {named(*kind)} only")
        return self

    def overridden_by(self, other: "PriceTable") -> Self:
        """Put the rates of another table in place of our own of the same kind."""
        rates = {rate.kind: rate for rate in (*self.rate, *other.rate)}
        return type(self)(rate=tuple(rates.values()))

    def tariff(self, *, provider: str, model: str) -> Tariff:
        """Find the rates of one model."""
        return Tariff(rates=tuple(rate for rate in self.rate if (rate.provider, rate.model) == (provider, model)))


def unpriced(
    tariff: Tariff, *, kinds: Iterable[tuple[Mode, bool]], durations: Iterable[int]
) -> Iterator[tuple[Mode, bool, list[int]]]:
    """Find what of a model has no price: mode, sound and the lengths, in seconds."""
    lengths = list(durations)
    for mode, sound in kinds:
        missing = [each for each in lengths if not tariff.covers(mode=mode, sound=sound, duration=each)]
        if missing:
            yield mode, sound, missing


def _next_longer(fixed: Iterable[Rate], duration: int) -> Rate | None:
    """Find the rate of the shortest length that is no shorter; of the longest where all are."""
    lengths = sorted(fixed, key=lambda rate: rate.seconds or 0)
    return next((rate for rate in lengths if (rate.seconds or 0) >= duration), lengths[-1] if lengths else None)


def named(provider: str, model: str, mode: Mode, sound: bool, seconds: int | None) -> str:  # noqa: FBT001 (a kind's parts)
    """Name a kind of video in words, for whoever runs the bot."""
    length = "each second" if seconds is None else f"{seconds} seconds"
    return f"{provider} {model}, {mode}, {'with' if sound else 'without'} sound, {length}"


def most_usd(amount: int, rates: Iterable[Rate]) -> Decimal | None:
    """Compute the most that so many credits can cost, in USD rounded up to a cent; None where something is free."""
    dearest = Fraction(0)
    for rate in rates:
        if rate.usd and not rate.credits:
            return None
        dearest = max(dearest, rate.usd / rate.credits if rate.usd else Fraction(0))
    return Decimal(ceil(amount * dearest * 100)) / 100


def to_micros(usd: Decimal) -> int:
    """Convert dollars to what the database keeps: whole millionths, rounded up."""
    return ceil(Fraction(usd) * USD_MICROS)
