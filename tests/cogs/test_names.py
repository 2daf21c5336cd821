"""What people and places are called: what the bot knows, what it asks Discord, and how often."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from cogs.adapters.names import ASKED, KEPT, LONGEST, DiscordNames, clean


@dataclass
class Client:
    """Discord as far as it is asked for names."""

    people: dict[int, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    trouble: Exception | None = None
    hangs: bool = False

    def get_guild(self, guild_id: int) -> Any:
        guild = SimpleNamespace(name="The Cutting\n Room", fetch_member=self.fetch_member)
        return guild if guild_id == 7 else None

    async def fetch_member(self, user_id: int) -> Any:
        return SimpleNamespace(display_name=f"Nick of {(await self.fetch_user(user_id)).display_name}")

    def get_channel(self, channel_id: int) -> Any:
        return {5: SimpleNamespace(name="general"), 6: SimpleNamespace()}.get(channel_id)

    async def fetch_user(self, user_id: int) -> Any:
        self.asked.append(user_id)
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        return SimpleNamespace(display_name=self.people.get(user_id, f"Somebody {user_id}"))


def refusal(kind: type[discord.HTTPException], status: int) -> discord.HTTPException:
    return kind(cast("Any", SimpleNamespace(status=status, reason="")), {"code": 10013, "message": ""})


def names(client: Client, now: list[float] | None = None) -> DiscordNames:
    return DiscordNames(cast("discord.Client", client), clock=lambda: (now or [0.0])[0])


async def test_guilds_and_channels_are_told_without_asking() -> None:
    client = Client()
    named = await names(client).names(guilds=[7, 8], channels=[5, 6, 9])
    assert (named.guilds, named.channels, client.asked) == ({7: "The Cutting Room"}, {5: "#general"}, [])


async def test_people_are_asked_about_once_an_hour() -> None:
    client, now = Client({41: "Ana"}), [0.0]
    known = names(client, now)
    for _ in range(2):
        assert (await known.names(users=[41, 41, 0])).users == {41: "Ana"}
    assert client.asked == [41]
    now[0] = KEPT + 1
    await known.names(users=[41])
    assert client.asked == [41, 41]


async def test_people_are_called_in_a_guild_as_they_are_called_there() -> None:
    client = Client({41: "Ana"})
    known = names(client)
    for _ in range(2):
        assert (await known.names(users=[41], in_guild=7)).users == {41: "Nick of Ana"}
        assert (await known.names(users=[41])).users == {41: "Ana"}
    assert client.asked == [41, 41]
    assert (await known.names(users=[41], in_guild=8)).users == {41: "Ana"}, "the bot is not there any more"


async def test_few_are_asked_about_at_once_and_the_others_the_next_time() -> None:
    client = Client()
    known = names(client)
    everybody = range(1, ASKED + 3)
    assert len((await known.names(users=everybody)).users) == ASKED
    assert len((await known.names(users=everybody)).users) == ASKED + 2


async def test_who_is_no_more_is_not_asked_about_again_and_who_may_be_is() -> None:
    client = Client(trouble=refusal(discord.NotFound, 404))
    known = names(client)
    for _ in range(2):
        assert (await known.names(users=[41])).users == {}
    assert client.asked == [41]
    client.trouble = refusal(discord.DiscordServerError, 503)
    for _ in range(2):
        assert (await known.names(users=[42])).users == {}
    assert client.asked == [41, 42, 42]


async def test_nobody_waits_long_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.adapters.names.PATIENCE", 0.01)
    client = Client(hangs=True)
    assert (await names(client).names(users=[41])).users == {}


async def test_names_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.adapters.names.MOST", 2)
    client = Client()
    known = names(client)
    for user in (1, 2, 3, 1):
        await known.names(users=[user])
    assert client.asked == [1, 2, 3, 1]


def test_a_name_changes_nothing_around_it() -> None:
    assert clean("Ana\N{RIGHT-TO-LEFT OVERRIDE}\n \x1b") == "Ana"
    assert len(clean("x" * 100)) == LONGEST
