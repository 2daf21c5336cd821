"""Reads the price table of this bot: the shipped one, with what the operator's own file changes."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from bot.domain import Capability, PriceTable, Rate
from bot.domain.price import named, unpriced
from bot.settings import tables
from bot.settings.tables import TableUnusable


def table(path: Path | None, models: Mapping[str, Capability]) -> PriceTable:
    """Read the shipped table, or with the rates of a file in place of its own; `models` are all there are.

    Raises:
        TableUnusable: there is no such file, or it is no price table.
    """
    if path is None:
        return _shipped()
    own = _read(path)
    if strangers := [problem for rate in own.rate for problem in _is_unknown(rate, models)]:
        raise TableUnusable(strangers)
    return _shipped().overridden_by(own)


def missing(prices: PriceTable, offered: Iterable[Capability]) -> Iterator[str]:
    """Say in words what these models can make and nobody can say the price of."""
    for each in offered:
        yield from _missing(prices, each)


def _missing(prices: PriceTable, each: Capability) -> Iterator[str]:
    tariff = prices.tariff(provider=each.provider, model=each.model)
    for mode, sound, lengths in unpriced(tariff, kinds=each.kinds(), durations=each.durations):
        seconds = ", ".join(map(str, lengths))
        yield f"a price for {each.model}, {mode}, {'with' if sound else 'without'} sound, {seconds} seconds"


@cache
def _shipped() -> PriceTable:
    return PriceTable.model_validate(tables.shipped("prices.toml"))


def _read(path: Path) -> PriceTable:
    try:
        return PriceTable.model_validate(tables.own(path))
    except ValidationError as exc:
        raise tables.mistakes(exc, PriceTable) from exc


def _is_unknown(rate: Rate, models: Mapping[str, Capability]) -> Iterator[str]:
    """Say why a rate is the price of nothing that can be made: most likely a slip of the pen."""
    model = models.get(rate.model)
    if model is None or model.provider != rate.provider:
        known = ", ".join(f"{each.provider} {each.model}" for each in models.values())
        yield f"{named(*rate.kind)}: one of the models {known}"
    elif rate.seconds is not None and rate.seconds not in model.durations:
        yield f"{named(*rate.kind)}: seconds that the model makes"
    elif (rate.mode, rate.sound) not in model.kinds():
        yield f"{named(*rate.kind)}: a mode and sound that the model has"
