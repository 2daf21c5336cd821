"""What counts stands around what does the work, and changes nothing of it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot.errors import ProviderBusy, ProviderUnavailable, StoreUnavailable
from bot.provider.base import AnswersMany, Asked, Task
from bot.provider.transport import CIRCUIT_OPEN
from bot.service.measures import Measures
from bot.store.database import Transaction
from bot.wiring.measured import EVERY, LoopWatch, MeasuredDatabase, measured_provider
from tests.jobs import job
from tests.service.scripted import Provider, until, working


class Noted(Measures):
    """Remembers what it was told, without the seconds, which are only looked at."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.late: list[float] = []

    def provider_called(self, provider: str, call: str, *, seconds: float, outcome: str) -> None:
        assert seconds >= 0
        self.told.append((provider, call, outcome))

    def transaction_ended(self, *, seconds: float, outcome: str) -> None:
        assert seconds >= 0
        self.told.append((outcome,))

    def loop_was_late(self, *, seconds: float) -> None:
        self.late.append(seconds)


class ManyAnswers(Provider):
    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        return {each.task_id: None for each in wanted}


@pytest.fixture
def noted() -> Noted:
    return Noted()


async def test_every_call_of_a_service_is_told_of_and_answered_as_before(noted: Noted) -> None:
    kirin = Provider()
    measured = measured_provider(kirin, noted)
    kirin.then("submit", working())
    kirin.then("fetch", working())
    assert await measured.submit(job().request, external_id="1") == working()
    assert await measured.fetch("task-1") == working()
    assert await measured.find("1") is None
    await measured.check()
    assert noted.told == [("kirin", call, "ok") for call in ("submit", "fetch", "find", "check")]
    assert (measured.id, measured.longest_create) == (kirin.id, kirin.longest_create)
    assert measured.find_is_authoritative == kirin.find_is_authoritative


async def test_a_service_that_has_learnt_that_its_finding_proves_nothing_is_not_believed_any_more(noted: Noted) -> None:
    kling = Provider()
    kling.find_is_authoritative = True
    measured = measured_provider(kling, noted)
    kling.find_is_authoritative = False
    await measured.check()
    assert measured.find_is_authoritative is False


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (ProviderBusy(provider="kirin", code="429"), "ProviderBusy"),
        (ProviderUnavailable(provider="kirin", code=CIRCUIT_OPEN), CIRCUIT_OPEN),
        (RuntimeError("a bug"), "unexpected"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
async def test_trouble_is_told_of_by_its_class_and_passed_on(
    noted: Noted, trouble: BaseException, outcome: str
) -> None:
    kirin = Provider()
    kirin.then("fetch", trouble)
    with pytest.raises(type(trouble)):
        await measured_provider(kirin, noted).fetch("task-1")
    assert noted.told == [("kirin", "fetch", outcome)]


async def test_only_a_service_that_answers_about_many_still_does(noted: Noted) -> None:
    many = measured_provider(ManyAnswers(), noted)
    assert isinstance(many, AnswersMany)
    assert await many.fetch_many([Asked(task_id="t", external_id="1", age=1)]) == {"t": None}
    assert noted.told == [("kirin", "fetch_many", "ok")]
    assert not isinstance(measured_provider(Provider(), noted), AnswersMany)


class Opened:
    """A database that does what it was told to."""

    skip_locked = "FOR UPDATE SKIP LOCKED"

    def __init__(self) -> None:
        self.trouble: BaseException | None = None

    def schema(self, statements: Sequence[str]) -> Sequence[str]:
        return statements

    async def purge(self) -> bool:
        return True

    async def transact(self, work: Any, *, snapshot: bool = False) -> Any:
        if self.trouble is not None:
            raise self.trouble
        return await work(snapshot)


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (None, "ok"),
        (StoreUnavailable("locked"), "StoreUnavailable"),
        (LookupError(), "rolled_back"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
async def test_every_transaction_is_told_of(noted: Noted, trouble: BaseException | None, outcome: str) -> None:
    opened = Opened()
    opened.trouble = trouble
    database = MeasuredDatabase(opened, measures=noted)

    async def work(tx: Transaction) -> Transaction:
        return tx

    if trouble is None:
        assert await database.transact(work, snapshot=True) is True  # type: ignore[comparison-overlap]
    else:
        with pytest.raises(type(trouble)):
            await database.transact(work)
    assert noted.told == [(outcome,)]
    assert database.skip_locked == opened.skip_locked
    assert await database.purge()
    assert list(database.schema(["a"])) == ["a"]


async def test_a_loop_that_was_held_up_is_late(noted: Noted) -> None:
    with LoopWatch(measures=noted):
        time.sleep(1.5 * EVERY)  # noqa: ASYNC251 - what nothing may do
        await until(lambda: noted.late)
        assert noted.late[0] >= EVERY / 2
    looks = len(noted.late)
    await asyncio.sleep(0)
    assert len(noted.late) == looks
