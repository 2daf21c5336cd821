"""The scheduler does what is due, at once what it is woken for, and is not stopped by what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.errors import StoreUnavailable
from bot.service.upkeep.scheduler import PeriodicTask, Scheduler
from bot.store.periodic_tasks import PeriodicTaskStore
from tests.service.services import Services

HOUR = timedelta(hours=1)


@asynccontextmanager
async def running(services: Services, *periodic_tasks: PeriodicTask) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(
        periodic_tasks=periodic_tasks,
        store=PeriodicTaskStore(services.database),
        clock=services.clock,
        rand=lambda: -0.98,  # so that nobody waits
        woken=asyncio.Event(),
    )
    life = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        life.cancel()
        await asyncio.wait([life])


def counting(done: asyncio.Queue[str], name: str) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        done.put_nowait(name)

    return work


async def test_every_periodic_task_is_done_at_the_first_look_and_then_when_it_is_due(services: Services) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    periodic_tasks = [PeriodicTask(name=name, every=HOUR, work=counting(done, name)) for name in ("one", "two")]
    async with running(services, *periodic_tasks):
        assert [await done.get(), await done.get()] == ["one", "two"]
    async with running(services, *periodic_tasks, PeriodicTask(name="three", every=HOUR, work=counting(done, "three"))):
        assert await done.get() == "three"
    services.clock.now += HOUR
    async with running(services, *periodic_tasks):
        assert [await done.get(), await done.get()] == ["one", "two"]
    assert done.empty()


async def test_what_each_process_has_for_itself_each_looks_after_and_again_when_it_went_wrong(
    services: Services,
) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    fails = iter([True, False])

    async def work() -> None:
        done.put_nowait("own")
        if next(fails, False):
            raise RuntimeError

    task = PeriodicTask(name="own", every=HOUR, work=work, each=True)
    async with running(services, task) as one, running(services, task) as other:
        for passed, times in ((0, 2), (299, 0), (1, 1), (3600, 2)):  # the second time after it went wrong
            services.clock.tick(passed)
            one.wake()
            other.wake()
            assert [await done.get() for _ in range(times)] == ["own"] * times
            await asyncio.sleep(0.02)
            assert done.empty()


async def test_woken_it_does_what_cannot_wait_and_nothing_else(services: Services) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    slow = PeriodicTask(name="slow", every=HOUR, work=counting(done, "slow"))
    prompt = PeriodicTask(name="prompt", every=HOUR, work=counting(done, "prompt"), prompt=True)
    async with running(services, slow, prompt) as scheduler:
        assert {await done.get(), await done.get()} == {"slow", "prompt"}
        scheduler.wake()
        assert await done.get() == "prompt"
        assert done.empty()


async def test_what_goes_wrong_stops_nobody_else_and_is_tried_again_soon(services: Services) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()

    async def fails() -> None:
        done.put_nowait("failed")
        raise RuntimeError

    periodic_tasks = (
        PeriodicTask(name="bad", every=24 * HOUR, work=fails),
        PeriodicTask(name="good", every=HOUR, work=counting(done, "good")),
    )
    async with running(services, *periodic_tasks):
        assert [await done.get(), await done.get()] == ["failed", "good"]
    services.clock.now += timedelta(minutes=5)
    async with running(services, *periodic_tasks, PeriodicTask(name="last", every=HOUR, work=counting(done, "last"))):
        assert [await done.get(), await done.get()] == ["failed", "last"]


async def test_what_a_database_that_refused_has_cut_short_is_done_as_soon_as_it_answers(services: Services) -> None:
    done: asyncio.Queue[str] = asyncio.Queue()
    refusals = iter([StoreUnavailable("gone"), StoreUnavailable("gone"), None])

    async def refused() -> None:
        done.put_nowait("begun")
        if (refusal := next(refusals)) is not None:
            raise refusal

    async with running(services, PeriodicTask(name="daily", every=24 * HOUR, work=refused)):
        async with asyncio.timeout(60):
            assert [await done.get() for _ in range(3)] == ["begun"] * 3
    assert done.empty()
