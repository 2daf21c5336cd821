"""Reads the models of this bot: the shipped table, with the changes of the operator's own file; and those on offer."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.domain import MAX_SHOTS, PROMPT_LIMIT, CameraRule, Capability, Mode
from bot.settings import tables

VENDOR: Final = "klingai.com"  # the vendor's own hosts of the Kling API; every other address is a relay
VENDOR_ADDRESS: Final = f"https://api-singapore.{VENDOR}"

Name = Annotated[str, Field(min_length=1, max_length=80)]
Length = Annotated[int, Field(ge=1, le=60)]
Modes = Annotated[tuple[Mode, ...], Field(min_length=1)]
Lengths = Annotated[tuple[Length, ...], Field(min_length=1)]


class Offered(StrEnum):
    """Where a model is offered, unless the settings name those that are."""

    EVERYWHERE = "everywhere"
    RELAYS = "relays"  # not at the vendor itself
    NAMED = "named"  # only where the settings name it


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Camera(_Table):
    """The modes and durations in which the camera can be told to move."""

    modes: Modes
    durations: Lengths


class Model(_Table):
    """One row of the table; `bot/settings/models.toml` says what stands where."""

    provider: Literal["kirin", "kling"]
    model: Name
    name: Name
    modes: Modes
    takes_mode: bool = True
    durations: Lengths
    sound: tuple[Mode, ...] = ()
    watermark: bool = False
    cfg_scale: bool = False
    max_shots: Annotated[int, Field(ge=0, le=MAX_SHOTS)] = 0
    camera: Camera | None = None
    prompt_limit: Annotated[int, Field(ge=1, le=PROMPT_LIMIT)] = PROMPT_LIMIT
    offered: Offered = Offered.EVERYWHERE
    source: str
    as_of: Annotated[date, Field(description="a date like 2026-11-28")]

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        camera = self.camera or Camera(modes=self.modes, durations=self.durations)
        if not {*self.sound, *camera.modes} <= {*self.modes} or not {*camera.durations} <= {*self.durations}:
            raise ValueError("sound and camera are for modes and durations that the model has")
        if not self.takes_mode and len(self.modes) > 1:
            raise ValueError("a model that takes no mode has one only")
        if self.provider == "kirin" and (self.cfg_scale or self.camera or not self.takes_mode):
            raise ValueError("the API of kirin has no cfg_scale and no camera, and always a mode")
        return self

    def capability(self) -> Capability:
        """Describe what the model can do; what that costs is in another table."""
        return Capability(
            model=self.model,
            provider=self.provider,
            name=self.name,
            durations=tuple(sorted({*self.durations})),
            modes=tuple(mode for mode in Mode if mode in self.modes),
            prompt_limit=self.prompt_limit,
            sound=bool(self.sound),
            silent=tuple(mode for mode in self.modes if self.sound and mode not in self.sound),
            watermark=self.watermark,
            max_shots=self.max_shots,
            cfg_scale=self.cfg_scale,
            camera=None
            if self.camera is None
            else CameraRule(modes=self.camera.modes, durations=self.camera.durations),
        )


class ModelTable(_Table):
    """Every model there is, each once."""

    model: tuple[Model, ...] = ()

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        names = [each.model for each in self.model]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"one row for {name} only")
        return self

    def capabilities(self) -> dict[str, Capability]:
        """Describe what each model can do, by its name, in the order of the table."""
        return {each.model: each.capability() for each in self.model}

    def models_without_mode(self) -> frozenset[str]:
        """List the models whose service takes no mode."""
        return frozenset(each.model for each in self.model if not each.takes_mode)

    def on_offer(self, *, providers: Collection[str], named: Sequence[str], relay: bool) -> list[str]:
        """List the models of these providers that are offered; of `kling`, those that are `named`, where any are."""
        return [
            each.model
            for each in self.model
            if each.provider in providers
            and (each.model in named if named and each.provider == "kling" else _offers(each, relay=relay))
        ]


def models(path: Path | None) -> ModelTable:
    """Read the shipped table, or with the rows of a file: they change rows of its own, or stand behind them.

    Raises:
        TableUnusable: there is no such file, or it is no table of models.
    """
    return _shipped() if path is None else _read({**tables.shipped("models.toml")}, tables.own(path))


def is_relay(base_url: str) -> bool:
    """Say whether an address of the Kling API is not the vendor's own."""
    host = urlsplit(base_url).hostname or ""
    return host != VENDOR and not host.endswith(f".{VENDOR}")


def unknown(named: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """Say in words what is none of the known models among those that are named."""
    for name in named:
        if name not in known:
            yield f"models among {', '.join(known)}, not {name!r:.80}"


def _offers(each: Model, *, relay: bool) -> bool:
    return each.offered is Offered.EVERYWHERE or (each.offered is Offered.RELAYS and relay)


@cache
def _shipped() -> ModelTable:
    return ModelTable.model_validate(tables.shipped("models.toml"))


def _read(ours: dict[str, Any], own: dict[str, Any]) -> ModelTable:
    rows = {_key(row): row for row in ours["model"]}
    changes = own.get("model")
    if isinstance(changes, list) and all(isinstance(row, dict) for row in changes):
        own = {**own, "model": [{**rows.get(_key(row), {}), **row} for row in changes]}
    try:
        checked = ModelTable.model_validate(own)  # alone, so that what is wrong has its number in the operator's file
        changed = {(each.provider, each.model): each for each in checked.model}
        shipped = {(each.provider, each.model): each for each in _shipped().model}
        return ModelTable(model=tuple({**shipped, **changed}.values()))
    except ValidationError as exc:
        raise tables.mistakes(exc, ModelTable) from exc


def _key(row: dict[str, Any]) -> tuple[Any, Any]:
    return row.get("provider"), row.get("model")
