"""Describes a video service to the rest of the bot: one small protocol and the values it speaks in."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from bot.domain import VideoRequest
from bot.domain.pack import Pack
from bot.errors import FaultClass
from bot.values import dataclass

MANY_NOT_OFFERED: Final = "many_not_offered"  # our own code: one question about many tasks is answered by nobody


class TaskStatus(StrEnum):
    """Where the provider's task is; an unknown word of the provider is WORKING."""

    WAITING = "waiting"  # accepted, not begun
    WORKING = "working"  # begun, or in a state we have no word for
    SUCCEEDED = "succeeded"  # finished: there is a result
    FAILED = "failed"  # finished: there is a failure


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskResult:
    """A finished video: its URL (untrusted) and its length in seconds, where the provider tells it."""

    url: str
    seconds: float | None = None
    watermark_url: str | None = None

    def url_for(self, *, watermark: bool) -> str:
        """Choose the URL of the video that was asked for; the plain one where there is no other."""
        return self.watermark_url or self.url if watermark else self.url


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFailure:
    """Why a task failed: the provider's code as a string, its own words (never shown to people), and the class.

    `resubmits` says how often a transient one is worth a new attempt; None means as often as the deadline allows.
    """

    code: str
    detail: str
    fault: FaultClass
    resubmits: int | None = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """The provider's remote unit, as it was when we asked.

    `progress` is 0-1, `cost_usd` what the provider says it charged, `cost_units` the same in units of its own (a
    decimal number), `created_at` when it says the task began.
    """

    id: str
    status: TaskStatus
    external_id: str | None = None
    progress: float | None = None
    result: TaskResult | None = None
    failure: TaskFailure | None = None
    cost_usd: Decimal | None = None
    cost_units: str | None = None
    created_at: datetime | None = None


class VideoProvider(Protocol):
    """A video service as the core sees it.

    Every call may raise the classes under `ProviderError`: `ProviderBusy` and `ProviderUnavailable` (certainly not
    carried out), `ProviderRejected`, `ContentRefused`, `OperatorFault`, and for `submit` alone `OutcomeUnknown`.
    Only `fetch`, `find` and `check` are repeated inside, since only they are harmless to repeat.
    """

    id: str
    # Whether `find` answering None proves that no task with that external id was ever created.
    find_is_authoritative: bool
    # A submission that has been sent has ended after that, however it ends.
    longest_create: timedelta

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        """Ask for a video; the task may be finished at once. Never repeated inside.

        Nothing is sent unless `may_send` says so at the last moment: then it is `ProviderUnavailable`.

        Raises:
            OutcomeUnknown: the call may or may not have been carried out: `find` before submitting again.
        """
        ...

    async def fetch(self, task_id: str) -> Task:
        """Ask how a task stands.

        Raises:
            TaskUnknown: there is no such task.
        """
        ...

    async def find(self, external_id: str) -> Task | None:
        """Find the task submitted with this external id; None when the provider knows none (or can't tell)."""
        ...

    async def check(self) -> None:
        """Ask something harmless, to learn whether the service answers and takes our key.

        Raises:
            OperatorFault: it does not take our key or account.
            ProviderUnavailable: it does not answer, or the circuit breaker is open.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A task of ours that is asked about: the service's id, our own, and the seconds since it was submitted.

    `waited` is for how many seconds it is expected to have waited, ended and unnoticed.
    """

    task_id: str
    external_id: str
    age: float
    waited: float = 0.0


@runtime_checkable
class AnswersMany(Protocol):
    """A video service that may be asked about many tasks in one question."""

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        """Ask once, about as many of these tasks as one question can be about; the first is the most wanted.

        Gives the tasks by their ids. None stands for what was asked about and of which the answer tells nothing that
        can be believed, which proves nothing; what the question was not about is missing. Not repeated inside.

        Raises:
            ProviderRejected: with the code `MANY_NOT_OFFERED` where nobody answers such questions just now.
            ProviderError: every other class but `OutcomeUnknown`, as of `fetch`.
        """
        ...


@runtime_checkable
class TellsPacks(Protocol):
    """A video service whose account tells what is left of what was bought in advance."""

    async def packs(self, now: datetime) -> Sequence[Pack]:
        """List the packs that are in use; none where this address or key is not told.

        Raises:
            ProviderError: as of `fetch`.
        """
        ...
