"""The requests a second of one bot, over all its processes."""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest

from bot.discord_answers import DiscordClock, trace_answers
from bot.discord_pace import Pace
from bot.domain.sharing import Process, Role, pace_of, share_of
from bot.service.processes import Processes
from bot.sharded_client import new_client
from cogs.ui.translator import in_every_language
from sandbox.discord.request_log import Record
from tests.rest_proxy import proxied
from tests.sandbox.library_client import LibraryClient, opened

WORKERS = [Process(id=f"{number:016x}", role=Role.WORKER, version="1") for number in range(8)]


class Line:
    """A clock that passes only while somebody waits; when each request was made."""

    def __init__(self, part: float) -> None:
        self.now, self.made, self.part = 0.0, list[float](), part
        self.pace = Pace(part=lambda: self.part, passed=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def ask(self, times: int) -> None:
        for _ in range(times):
            await self.pace.wait()
            self.made.append(self.now)

    def most_within_a_second(self) -> int:
        return max(sum(at <= each < at + 1 for each in self.made) for at in self.made)


@pytest.mark.parametrize(("part", "most", "least"), [(1.0, 50, 44), (1 / 8, 6, 5), (1 / 20, 3, 2), (1 / 100, 1, 0)])
async def test_no_second_has_more_requests_than_this_processes_part(part: float, most: int, least: int) -> None:
    line = Line(part)
    await line.ask(200)
    assert line.most_within_a_second() <= most
    assert len(line.made) / max(line.now, 1) >= least


async def test_a_process_that_stays_alone_may_ask_more_from_then_on() -> None:
    line = Line(1 / 8)
    await line.ask(20)
    before = line.now
    line.part = 1.0
    await line.ask(20)
    assert line.now == before


async def test_those_who_wait_go_in_order() -> None:
    line, order = Line(1 / 45), list[int]()

    async def ask(number: int) -> None:
        await line.pace.wait()
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert order == list(range(5))


async def test_one_who_gives_up_waiting_holds_nobody_up() -> None:
    pace = Pace(part=lambda: 1 / 4500)
    await pace.wait()
    patient = asyncio.create_task(pace.wait())
    await asyncio.sleep(0)
    patient.cancel()
    await asyncio.gather(patient, return_exceptions=True)
    pace.part = lambda: 1.0
    await asyncio.wait_for(pace.wait(), 60)


def test_who_has_more_channels_may_ask_more() -> None:
    ids = tuple(each.id for each in WORKERS)
    by_channels = sorted(WORKERS, key=lambda each: share_of(each.id, ids).bit_count())
    parts = [pace_of(each.id, WORKERS) for each in by_channels]
    assert parts == sorted(parts)
    assert parts[0] >= 0.2 / len(WORKERS)


def test_the_parts_of_all_processes_are_what_discord_allows() -> None:
    gateways = [Process(id=f"g{number:015x}", role=Role.GATEWAY) for number in range(2)]
    for processes in (WORKERS[:1], WORKERS, gateways, [*gateways, *WORKERS[:3]]):
        assert sum(pace_of(each.id, processes) for each in processes) == pytest.approx(1)
    mixed = [*gateways, *WORKERS[:3]]
    assert min(pace_of(each.id, mixed) for each in WORKERS[:3]) > pace_of(gateways[0].id, mixed)
    assert Processes().pace == 1


class Meeting:
    """Time of processes and of Discord: it passes only while all requests made have arrived and somebody waits."""

    def __init__(self) -> None:
        self.now, self.made = 0.0, 0
        self._began, self._waiting = time.time(), list[tuple[float, int, asyncio.Future[None]]]()

    def at_discord(self) -> float:
        return self._began + self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, id(woken), woken))
        await woken

    async def pass_on(self, arrived: Callable[[], int]) -> None:
        while True:
            await asyncio.sleep(0.001)
            if self._waiting and self.made == arrived():
                self.now, _, woken = heapq.heappop(self._waiting)
                woken.set_result(None)


class Counted(Pace):
    """A pace in the time of a meeting, which counts the requests made there."""

    def __init__(self, meeting: Meeting, part: Callable[[], float] = lambda: 1.0) -> None:
        super().__init__(part=part, passed=lambda: meeting.now, sleep=meeting.sleep)
        self._meeting = meeting

    async def wait(self) -> None:
        await super().wait()
        self._meeting.made += 1


@asynccontextmanager
async def met() -> AsyncIterator[tuple[LibraryClient, Meeting]]:
    """A Discord in the time of a meeting."""
    meeting = Meeting()
    async with opened(None, clock=meeting.at_discord) as library_client:
        arrived = library_client.sandbox.discord.requests
        passing = asyncio.create_task(meeting.pass_on(lambda: len(arrived)))
        try:
            yield library_client, meeting
        finally:
            passing.cancel()


async def crowd(library_client: LibraryClient, *, meeting: Meeting | None = None, api: str = "") -> Any:
    """Eight processes of one bot that each ask for ten things, at their pace in a meeting; what Discord counted."""
    described = library_client.sandbox.describe()["discord"]
    discord.http.Route.BASE = api or described["api"]
    channels = list(map(int, described["channels"].values()))

    async with AsyncExitStack() as stack:
        clients = []
        for process in WORKERS:
            trace = trace_answers(DiscordClock(), api=described["api"])
            if meeting:
                processes = Processes(process)
                processes.note(WORKERS)
                Counted(meeting, lambda processes=processes: processes.pace).watch(trace, api=described["api"])  # type: ignore[misc]
            parts = {"explain": AsyncMock(), "translate": in_every_language}
            clients.append(await stack.enter_async_context(new_client(process, guild_ids=(), trace=trace, **parts)))
        await asyncio.gather(*(client.login(described["token"]) for client in clients))
        seen = [channel for channel in channels if channel != described["channels"]["hidden"]]
        asked = [client.fetch_channel(seen[number % 6]) for client in clients for number in range(8)]
        await asyncio.gather(*asked, return_exceptions=True)
    return await library_client.look("limits")


async def test_eight_processes_stay_below_what_discord_allows_the_bot() -> None:
    async with met() as (library_client, meeting):
        told = await crowd(library_client, meeting=meeting)
    assert told["requests"] == meeting.made == 8 * (2 + 8)
    assert (told["limited"], told["share"]) == ({}, 0)
    assert meeting.now > 0
    assert {agent.rsplit(" ", 1)[1] for agent in told["agents"]} == {f"({each.id})" for each in WORKERS}


async def test_without_a_pace_they_do_not() -> None:
    """Discord's time stands still until somebody is held up: however slow this machine is, all come in one second."""

    requests, began = list[Record](), time.time()

    def moment() -> float:
        return time.time() if any(record.limited for record in requests) else began

    async with opened(None, clock=moment) as library_client:
        requests = library_client.sandbox.discord.requests
        told = await crowd(library_client)
    assert told["limited"]["global"] > 0
    assert told["share"] > 0.02


async def test_behind_a_proxy_they_do_without_one_of_their_own() -> None:
    async with met() as (library_client, meeting), proxied(library_client.sandbox.url, Counted(meeting)) as proxy:
        told = await crowd(library_client, api=proxy.url)
    assert (told["limited"], told["share"]) == ({}, 0)
    assert proxy.passed == told["requests"] == 8 * (2 + 8)


@pytest.fixture
async def library_client() -> AsyncIterator[LibraryClient]:
    async with opened(None) as library_client:
        yield library_client


async def test_answers_to_people_and_other_addresses_wait_for_nothing(library_client: LibraryClient) -> None:
    described = library_client.sandbox.describe()["discord"]
    trace = trace_answers(DiscordClock(), api=described["api"])
    Pace(part=lambda: 1 / 45_000).watch(trace, api=described["api"])
    async with library_client.session(trace) as session:
        for path, body in (("/interactions/1/x/callback", {"type": 5}), ("/webhooks/1/x", {"content": "hi"})):
            for _ in range(2):
                async with session.post(described["api"] + path, json=body) as answer:
                    assert answer.status in (401, 404)
        async with session.get(f"{library_client.sandbox.url}/cdn/attachments/1/1/a") as answer:
            assert answer.status == 404
