"""Looking for what may have been posted, in a real channel of the sandbox, with a real client."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.clock import utc_now
from bot.discord_answers import DiscordClock, trace_answers
from bot.errors import DestinationBusy
from bot.service.ports import CannotTell, NotPosted, Posted, Sighting
from cogs.adapters.notifier import DiscordNotifier
from cogs.adapters.posting import find_message, mapped_errors
from sandbox.discord.world import Channel
from tests.sandbox.library_client import LibraryClient, opened

HOUR = 3600.0


class Search:
    """A client that is logged in, and a channel in which others talk."""

    def __init__(self, library_client: LibraryClient) -> None:
        self.library_client, self.clock = library_client, DiscordClock()
        described = library_client.sandbox.describe()["discord"]
        self.client = discord.Client(
            intents=discord.Intents(guilds=True), http_trace=trace_answers(self.clock, api=described["api"])
        )
        self.place: Channel = library_client.sandbox.discord.world.channels[described["channels"]["general"]]

    @property
    def world(self) -> Any:
        return self.library_client.sandbox.discord.world

    async def says(self, text: str, *, times: int = 1, user: str = "ana") -> int:
        """Somebody writes; the id of the last message."""
        users = self.library_client.sandbox.describe()["discord"]["users"]
        author = self.world.bot if user == "bot" else self.world.users[users[user]]
        for _ in range(times):
            body = {"content": text}
            message = await self.library_client.sandbox.discord.messages.post(
                where=self.place, author=author, body=body
            )
        return int(message.id)

    async def for_the_card(self, *, since: datetime, most: int = 10_000) -> Sighting:
        channel = self.client.get_partial_messageable(int(self.place.id))
        return await find_message(
            self.client, channel, since=since, matches=lambda message: message.content == "card", most=most
        )


@pytest.fixture
async def search() -> AsyncIterator[Search]:
    async with opened(None) as library_client:
        search = Search(library_client)
        async with search.client:
            await search.client.login(library_client.sandbox.discord.world.token)
            yield search


@pytest.mark.parametrize("skew", [0.0, HOUR, -HOUR], ids=["", "we are behind", "we are ahead"])
async def test_a_post_is_found_wherever_our_own_clock_stands(search: Search, skew: float) -> None:
    search.world.clock.advance(skew)
    await search.client.fetch_user(int(search.world.bot.id))
    intended = search.clock()
    posted = await search.says("card", user="bot")
    assert await search.for_the_card(since=intended) == Posted(channel_id=int(search.place.id), message_id=posted)


async def test_a_post_is_found_under_all_that_was_said_since(search: Search) -> None:
    posted = await search.says("card", user="bot")
    await search.says("noise", times=1_100)
    found = await search.for_the_card(since=search.clock())
    assert found == Posted(channel_id=int(search.place.id), message_id=posted)


async def test_what_was_not_posted_is_known_only_when_everything_was_read(search: Search) -> None:
    await search.says("noise", times=200)
    await search.says("card", user="ana")  # not ours
    assert await search.for_the_card(since=search.clock()) == NotPosted()
    assert await search.for_the_card(since=search.clock(), most=200) == CannotTell(reason="too_many_messages")


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("reset", CannotTell(reason="discord_unreachable")),
        ("malformed_json", CannotTell(reason="discord_unreachable")),
        ("missing_permissions", CannotTell(reason="discord_50013", closed=True)),
        ("unknown_channel", CannotTell(reason="discord_10003", closed=True)),
    ],
)
async def test_who_could_not_look_to_the_end_cannot_tell(search: Search, fault: str, seen: CannotTell) -> None:
    await search.says("noise", times=150)
    await search.library_client.post(
        "faults", target="discord", kind=fault, on=["rest"], after=1, count=2
    )  # from the second page
    assert await search.for_the_card(since=search.clock()) == seen


async def test_a_channel_whose_history_is_closed_cannot_tell(search: Search) -> None:
    await search.says("card", user="bot")
    await search.library_client.post("permissions", channel="general", deny=["READ_MESSAGE_HISTORY"])
    assert await search.for_the_card(since=search.clock()) == CannotTell(reason="discord_50013", closed=True)


def test_the_time_at_discord_is_what_it_said_and_what_has_passed_since() -> None:
    passed = [100.0]
    clock = DiscordClock(passed=lambda: passed[0])
    assert clock() < utc_now() - timedelta(hours=23)  # nothing is known yet: long ago, to be sure
    clock.adjust("Sat, 28 Nov 2026 12:00:00 GMT")
    passed[0] = 130.0
    clock.adjust("no date at all")
    assert clock() == datetime(2026, 11, 28, 12, 0, 30, tzinfo=UTC)


async def test_nobody_waits_for_discord_for_ever() -> None:
    with pytest.raises(DestinationBusy, match="discord_unreachable"):
        async with mapped_errors(within=0.01):
            await asyncio.Event().wait()


async def test_a_post_whose_job_is_given_up_is_taken_back_and_so_is_one_that_is_gone(search: Search) -> None:
    notifier = DiscordNotifier(
        search.client,
        answers=cast("Any", None),
        notify_of=cast("Any", None),
        models={},
        moment=search.clock,
    )
    intended = search.clock()
    posted = Posted(channel_id=int(search.place.id), message_id=await search.says("card", user="bot"))
    place = SimpleNamespace(channel_id=posted.channel_id, guild_id=None)
    for _ in range(2):
        await notifier.take_back(cast("Any", SimpleNamespace(destination=place)), posted)
    assert isinstance(await search.for_the_card(since=intended), NotPosted)
