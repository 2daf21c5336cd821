"""Whose the bot is, as Discord's page of the application says; and what the client tells of itself."""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp
import discord
import pytest
from aiohttp import web
from discord import app_commands

from bot.client import Shotcaller
from bot.discord_answers import WAITING, Acknowledgements
from bot.domain.sharing import Process
from bot.errors import ControlUnknown, DraftGone, StoreUnavailable
from bot.service.measures import Measures
from bot.sharded_client import edit_in_turn, new_client
from bot.web.serving import serve
from cogs.ui.translator import in_every_language

OWNER, ADMIN, DEVELOPER, READER, STRANGER = (discord.Object(number) for number in range(1, 6))
TEAM = (
    (ADMIN, discord.TeamMemberRole.admin),
    (DEVELOPER, discord.TeamMemberRole.developer),
    (READER, discord.TeamMemberRole.read_only),
)


class Answers:
    """A server that answers everything with 200; `ask` is a session's request that the trace sees."""

    def __init__(self, port: int) -> None:
        self._port, self.trace = port, aiohttp.TraceConfig()

    async def ask(self, path: str) -> None:
        async with aiohttp.ClientSession(trace_configs=[self.trace]) as session:
            response = await session.post(f"http://127.0.0.1:{self._port}/api/v10{path}")
            assert response.status == 200


@pytest.fixture
async def aiohttp_answers() -> AsyncIterator[Answers]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with serve(app, host="127.0.0.1", port=0, setting="") as port:
        yield Answers(port)


class Owned(Shotcaller):
    """A bot whose application is known without Discord; it counts how often it is asked for."""

    def __init__(self, team: Any, **parts: Any) -> None:
        async def explain(_interaction: Any, error: Exception) -> NoReturn:
            raise error

        parts = {"trace": aiohttp.TraceConfig(), "explain": explain, **parts}
        super().__init__(guild_ids=(), translate=in_every_language, **parts)
        self.team, self.asked = team, 0

    async def application_info(self) -> Any:
        self.asked += 1
        return SimpleNamespace(owner=OWNER, team=self.team)


async def test_a_bot_without_a_team_is_its_owners() -> None:
    bot = Owned(None)
    assert await bot.is_owner(OWNER)
    assert not await bot.is_owner(STRANGER)
    assert bot.asked == 1


async def test_it_is_told_of_servers_and_of_nobody_s_messages() -> None:
    assert Owned(None).intents == discord.Intents(guilds=True)


@pytest.mark.parametrize(
    ("who", "owns"), [(ADMIN, True), (DEVELOPER, True), (READER, False), (STRANGER, False), (OWNER, False)]
)
async def test_a_teams_bot_is_its_admins_and_developers(who: discord.Object, *, owns: bool) -> None:
    members = [SimpleNamespace(id=member.id, role=role) for member, role in TEAM]
    assert await Owned(SimpleNamespace(members=members)).is_owner(who) is owns


async def test_the_messages_of_a_channel_are_edited_one_after_the_other() -> None:
    """discord.py's book of a limit is right only if nothing else is under way when it hears what is left."""
    under_way, most = dict[str, int](), dict[str, int]()

    async def request(route: discord.http.Route, **_: Any) -> str:
        key = f"{route.method} {route.channel_id}"
        under_way[key] = under_way.get(key, 0) + 1
        most[key] = max(most.get(key, 0), under_way[key])
        await asyncio.sleep(0)
        under_way[key] -= 1
        return key

    http: Any = SimpleNamespace(request=request)
    edit_in_turn(http)
    routes = [
        discord.http.Route(
            method, "/channels/{channel_id}/messages/{message_id}", channel_id=channel, message_id=number
        )
        for number in range(3)
        for channel in (5, 6)
        for method in ("PATCH", "DELETE")
    ]
    answers = await asyncio.gather(*(http.request(route) for route in routes))
    assert sorted(set(answers)) == ["DELETE 5", "DELETE 6", "PATCH 5", "PATCH 6"]
    assert most == {"PATCH 5": 1, "PATCH 6": 1, "DELETE 5": 3, "DELETE 6": 3}


class Ends(Measures):
    """Notes how everything ended, and how long first answers took."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []
        self.waits: list[float] = []

    def command_ended(self, name: str, *, outcome: str) -> None:
        self.ends.append((name, outcome))

    def acknowledged(self, *, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "done"),
        (DraftGone(), "refused"),
        (StoreUnavailable("locked"), "turned_away"),
        (app_commands.CheckFailure(), "turned_away"),
        (LookupError(), "failed"),
    ],
)
async def test_the_end_of_a_command_is_told_by_what_it_means_to_its_person(
    error: Exception | None, outcome: str
) -> None:
    ends = Ends()
    Owned(None, measures=ends).note_end("video create", error)
    assert ends.ends == [("video create", outcome)]


async def test_a_press_is_named_by_what_all_its_ids_begin_with_and_explained_where_it_fails() -> None:
    ends, explained = Ends(), list[Exception]()

    async def explain(_: Any, error: Exception) -> None:
        explained.append(error)

    async def press(_: Any, match: re.Match[str]) -> None:
        if match["job"] == "bad":
            raise LookupError

    bot = Owned(None, measures=ends, explain=explain)
    bot.presses[re.compile(r"inbox:get:(?P<job>[a-z]+)")] = press
    for custom_id in ("inbox:get:good", "inbox:get:bad", "forged"):
        pressed: Any = SimpleNamespace(
            id=1,
            type=discord.InteractionType.component,
            data={"custom_id": custom_id},
            context=app_commands.AppCommandContext(guild=True),
            is_user_integration=lambda: False,
        )
        await bot.on_interaction(pressed)
    assert ends.ends == [("inbox:get", "done"), ("inbox:get", "failed"), ("unknown", "refused")]
    assert [type(each) for each in explained] == [LookupError, ControlUnknown]


def interaction(number: int, kind: discord.InteractionType = discord.InteractionType.component) -> Any:
    return SimpleNamespace(id=number, type=kind)


async def test_the_wait_for_a_first_answer_is_measured_from_the_arrival(aiohttp_answers: Answers) -> None:
    ends, now = Ends(), [0.0]
    acknowledgements = Acknowledgements(measures=ends, seconds=lambda: now[0])
    bot = Owned(None, arrived=acknowledgements.arrived)
    acknowledgements.watch(aiohttp_answers.trace)
    bot.note_event("interaction", interaction(7))
    bot.note_event("interaction", interaction(8, discord.InteractionType.autocomplete))
    now[0] = 0.25
    for path in ("/interactions/8/t/callback", "/interactions/7/t/other", "/interactions/7/t/callback?with=it"):
        await aiohttp_answers.ask(path)
    await aiohttp_answers.ask("/interactions/7/t/callback")  # again: it was the first that counts
    assert ends.waits == [0.25]


async def test_those_who_are_never_answered_do_not_add_up() -> None:
    acknowledgements = Acknowledgements(measures=Ends())
    for number in range(3 * WAITING):
        acknowledgements.arrived(number)
    assert len(vars(acknowledgements)["_waiting"]) == WAITING


async def test_it_is_in_touch_while_every_shard_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = Owned(None)
    assert not bot.in_touch
    monkeypatch.setattr(bot, "is_ready", lambda: True)
    assert bot.in_touch
    for lost in ("disconnect", "shard_disconnect"):
        bot.note_event(lost, *([] if lost == "disconnect" else [1]))
    bot.note_event("shard_disconnect", 2)
    assert not bot.in_touch
    bot.note_event("resumed")
    bot.note_event("shard_resumed", 1)
    assert not bot.in_touch
    bot.note_event("connect")
    bot.note_event("shard_connect", 2)
    assert bot.in_touch


async def test_each_shard_has_its_latency_once_it_is_there() -> None:
    assert [math.isnan(each) for each in Owned(None).shard_latencies.values()] == [True]
    process = Process(id="0" * 16, shards=(0, 1), shard_count=4)
    parts = {"guild_ids": (), "trace": aiohttp.TraceConfig(), "explain": None, "translate": in_every_language}
    assert new_client(process, **parts).shard_latencies == {}
