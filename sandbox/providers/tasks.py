"""Keeps the providers' tasks: what was asked, how far each has come, what it cost."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.providers.fields import Parameters

CENTS = Decimal("0.0001")

# USD a second by model, mode and sound: the `kling_models` document, "Price". `kirin` renders like Kling 3.0, and asks
# what that costs.
_V3 = {
    ("std", False): "0.084",
    ("pro", False): "0.112",
    ("std", True): "0.126",
    ("pro", True): "0.168",
    ("4k", False): "0.42",
    ("4k", True): "0.42",
}
_BY_MODEL = {
    "kirin_v3_t2v": _V3,
    "kling-v3": _V3,
    "kling-v2-6": {("std", False): "0.042", ("pro", False): "0.07", ("pro", True): "0.14"},
    "kling-v2-5-turbo": {("std", False): "0.042", ("pro", False): "0.07"},
    "kling-v2-1-master": {("pro", False): "0.28"},
    "kling-v2-master": {("std", False): "0.28"},
    "kling-v1-6": {("std", False): "0.056", ("pro", False): "0.098"},
    "kling-v1": {("std", False): "0.028", ("pro", False): "0.098"},
}
PRICES = {(model, *kind): Decimal(usd) for model, kinds in _BY_MODEL.items() for kind, usd in kinds.items()}


class State(enum.Enum):
    """How far a task has come; each API has its own words for these."""

    WAITING = "waiting"  # accepted, in the queue
    WORKING = "working"  # being generated
    DONE = "done"  # the result is there, and was billed
    FAILED = "failed"  # there will be no result, and nothing was billed

    @property
    def final(self) -> bool:
        """Whether a task stays in this state."""
        return self in (State.DONE, State.FAILED)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task has no result."""

    code: str
    message: str


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One accepted task; times are unix seconds."""

    provider: str
    id: str
    parameters: Parameters
    created_at: float
    updated_at: float
    state: State = State.WAITING
    working_at: float | None = None
    finished_at: float | None = None
    failure: Failure | None = None
    failure_to_come: Failure | None = None  # how it will fail in the end
    stuck: bool = False  # never ends
    factor: Decimal = Decimal(1)  # of the list price, which is charged
    videos: dict[str, str] = field(default_factory=dict)  # address paths: "plain", "watermarked"
    callbacks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def billed(self) -> bool:
        """Whether the task was charged: only a result is."""
        return self.state is State.DONE

    @property
    def cost(self) -> Decimal:
        """USD charged so far."""
        video = self.parameters.video
        rate = PRICES[video.model, video.mode, video.sound]
        return (rate * video.seconds * self.factor).quantize(CENTS).normalize() if self.billed else Decimal(0)

    def move(self, state: State, *, now: float) -> None:
        """Bring the task to a later state."""
        self.state, self.updated_at = state, now
        if state is State.WORKING:
            self.working_at = now
        if state.final:
            self.finished_at = now


class Tasks:
    """Keeps all tasks of both accounts, oldest first."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Task] = {}
        self._by_external: dict[tuple[str, str], Task] = {}

    def __iter__(self) -> Iterator[Task]:
        return iter(self._rows.values())

    def add(self, task: Task) -> None:
        """Take a task whose id and external id are new."""
        self._rows[task.provider, task.id] = task
        if task.parameters.external_id is not None:
            self._by_external[task.provider, task.parameters.external_id] = task

    def of(self, provider: str) -> list[Task]:
        """List one provider's tasks, oldest first."""
        return [task for task in self if task.provider == provider]

    def taken(self, provider: str, external_id: str | None) -> bool:
        """Tell whether the account has used this external id before."""
        return (provider, external_id) in self._by_external

    def find(self, provider: str, name: str) -> Task | None:
        """Find a task by its id, or else by its external id."""
        key = (provider, name)
        return self._rows.get(key) or self._by_external.get(key)
