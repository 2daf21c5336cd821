"""Offers models. One that its service has given up is left out, for as long as that is believed."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.domain import Capability
from bot.errors import StoreUnavailable
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble
from bot.store.jobs.models import ModelStore

log = logging.getLogger(__name__)

BELIEVED: Final = timedelta(days=1)  # that a model is gone; then one video may show whether it has come back


class OfferedModels(Mapping[str, "Capability"]):
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

    def id_of(self, name: str) -> str:
        """Find the id of the model that people call so; what was said itself where none is called so."""
        called = name.strip().casefold()
        return next((each.model for each in self._all.values() if each.name.casefold() == called), name)

    def give_up(self, model: str, *, until: datetime) -> None:
        """Offer a model no more until then."""
        self._given_up[model] = until

    def given_up(self, model: str) -> bool:
        """Tell whether a model would be offered, had its service not given it up. The last one stays on offer."""
        gone = {each for each in self._all if self._is_gone(each)}
        return model in gone and len(gone) < len(self._all)

    def _is_gone(self, model: str) -> bool:
        until = self._given_up.get(model)
        return until is not None and self._clock() < until


class GivenUpModels:
    """Takes models that their service has given up out of the offer, in the database too, and tells the operator."""

    def __init__(
        self,
        *,
        models: OfferedModels,
        store: ModelStore,
        operator_alerts: OperatorAlerts,
        clock: Callable[[], datetime],
    ) -> None:
        self._models, self._store, self._operator_alerts, self._clock = models, store, operator_alerts, clock

    async def recall(self) -> None:
        """Leave out what was given up before the start, or meanwhile with another process.

        Raises:
            StoreUnavailable: nobody can say what was.
        """
        for model, until in (await self._store.given_up(now=self._clock())).items():
            self._models.give_up(model, until=until)

    async def note(self, model: str, *, detail: str) -> None:
        """Note that a service has just said that it has given a model up; `detail` are its words."""
        if self._models.given_up(model):
            return
        until = self._clock() + BELIEVED
        self._models.give_up(model, until=until)
        try:
            await self._store.give_up(model, until=until)
        except StoreUnavailable as exc:
            log.warning("a model that was given up is forgotten at the next start", extra={"reason": str(exc)})
        await self._operator_alerts.tell(Alert(trouble=Trouble.MODEL, subject=model, detail=detail))
