"""The price table of this bot: the shipped one, with what the operator's own file changes."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from bot.domain.capability import CAPABILITIES
from bot.domain.price import PriceTable, Rate, named, unpriced
from bot.setting_mistakes import expected, is_missing, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from bot.domain.capability import Capability

LARGEST: Final = 1_000_000  # bytes of a price table


class TableUnusable(ValueError):
    """The operator's file is no price table; `problems` says everything that is wrong with it."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def table(path: Path | None) -> PriceTable:
    """The shipped table, or the same with the rates of a file in place of its own.

    Raises:
        TableUnusable: there is no such file, or it is no price table.
    """
    if path is None:
        return _shipped()
    own = _read(path)
    if strangers := [problem for rate in own.rate for problem in _strange(rate)]:
        raise TableUnusable(strangers)
    return _shipped().but(own)


def missing(prices: PriceTable, providers: Collection[str]) -> Iterator[str]:
    """In words, what the models of these providers can make and nobody can say the price of."""
    for each in CAPABILITIES.values():
        if each.provider in providers:
            yield from _missing(prices, each)


def _missing(prices: PriceTable, each: Capability) -> Iterator[str]:
    tariff = prices.tariff(provider=each.provider, model=each.model)
    sounds = (False, True) if each.sound else (False,)
    for mode, sound, lengths in unpriced(tariff, modes=each.modes, sounds=sounds, durations=each.durations):
        seconds = ", ".join(map(str, lengths))
        yield f"a price for {each.model}, {mode}, {'with' if sound else 'without'} sound, {seconds} seconds"


@cache
def _shipped() -> PriceTable:
    return _parsed((resources.files("bot") / "prices.toml").read_text(encoding="utf-8"))


def _read(path: Path) -> PriceTable:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise TableUnusable([f"a file of at most {LARGEST} bytes"])
        return _parsed(content.decode())
    except OSError as exc:
        raise TableUnusable([f"a file that can be read ({exc.strerror})"]) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise TableUnusable([f"a TOML file ({exc})"]) from exc
    except ValidationError as exc:
        raise TableUnusable([_mistake(error) for error in exc.errors()]) from exc


def _parsed(text: str) -> PriceTable:
    return PriceTable.model_validate(tomllib.loads(text, parse_float=Decimal))


def _mistake(error: ErrorDetails) -> str:
    """Where in the file, what was expected there, and what is there."""
    where = " ".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"]) or "the table"
    if is_missing(error):
        return f"{where}: a value"
    there = "" if isinstance(error["input"], dict | list) else f", not {shown(error['input'], ())}"
    return f"{where}: {expected(error, PriceTable.model_json_schema())}{there}"


def _strange(rate: Rate) -> Iterator[str]:
    """Why a rate is the price of nothing that can be made: most likely a slip of the pen."""
    model = CAPABILITIES.get(rate.model)
    if model is None or model.provider != rate.provider:
        known = ", ".join(f"{each.provider} {each.model}" for each in CAPABILITIES.values())
        yield f"{named(*rate.kind)}: one of the models {known}"
    elif rate.seconds is not None and rate.seconds not in model.durations:
        yield f"{named(*rate.kind)}: seconds that the model makes"
    elif rate.mode not in model.modes or (rate.sound and not model.sound):
        yield f"{named(*rate.kind)}: a mode and sound that the model has"
