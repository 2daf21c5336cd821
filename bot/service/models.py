"""The models on offer. One that its service has given up is left out, for as long as that is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.domain.capability import Capability


class Models(Mapping[str, "Capability"]):
    """The models on offer by name, in the order of the table; the first is the one for who names none."""

    def __init__(self, models: Sequence[Capability], *, clock: Callable[[], datetime]) -> None:
        self._all, self._clock = {each.model: each for each in models}, clock
        self._given_up: dict[str, datetime] = {}

    def __getitem__(self, model: str) -> Capability:
        if self.given_up(model):
            raise KeyError(model)
        return self._all[model]

    def __iter__(self) -> Iterator[str]:
        return (model for model in self._all if not self.given_up(model))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def give_up(self, model: str, *, until: datetime) -> None:
        """Offer a model no more until then."""
        self._given_up[model] = until

    def given_up(self, model: str) -> bool:
        """Whether a model would be offered, had its service not given it up."""
        until = self._given_up.get(model)
        return until is not None and model in self._all and self._clock() < until
