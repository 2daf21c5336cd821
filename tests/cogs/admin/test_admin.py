"""Answers that are longer than a message, and who may press what an admin was offered."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import AppCommandPermissionType as Kind
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Member, Policy
from bot.domain.quota import MAX_CREDITS
from bot.errors import ChannelUnfit, DiscordBusy, NotPermitted, PolicyInvalid
from cogs.admin.common import allows, check_admin_access, split_pages
from cogs.admin.server_setup import chosen_channels, form_change
from cogs.ui import CONTENT


@given(st.lists(st.text("ab ", min_size=1, max_size=300), min_size=1, max_size=60))
def test_pages_hold_every_line_whole_and_in_order(lines: list[str]) -> None:
    found = split_pages("\n".join(lines))
    assert "\n".join(found) == "\n".join(lines)
    assert all(0 < len(page) <= CONTENT for page in found)


def test_a_line_that_fits_no_message_is_cut() -> None:
    (page,) = split_pages("x" * (CONTENT + 1))
    assert len(page) == CONTENT
    assert split_pages("") == [""]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("1e99999", ("credits", "too_large", str(MAX_CREDITS))),
        ("-1e9999", ("credits", "too_small", "0")),
        ("1e-9999", ("credits", "number", "")),
    ],
)
def test_credits_of_any_size_are_refused_in_words(typed: str, problem: tuple[str, str, str]) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        form_change("credits", {"amount": typed})(Policy())
    assert caught.value.problems == (problem,)


def test_a_chosen_channel_that_the_bot_does_not_know_is_no_choice_of_none() -> None:
    known = {5: SimpleNamespace(id=5)}
    guild = SimpleNamespace(unavailable=False, get_channel=known.get)
    for values, found in ((["5"], [known[5]]), ([], [])):
        assert chosen_channels(cast("Any", SimpleNamespace(guild=guild, data={"values": values}))) == found
    with pytest.raises(ChannelUnfit) as caught:
        chosen_channels(cast("Any", SimpleNamespace(guild=guild, data={"values": ["5", "6"]})))
    assert caught.value.channel_id == 6


GUILD, GENERAL, ANA, CLUB, NEWCOMERS = 70, 5, 11, 21, 22
WHO = Member(
    user_id=ANA, guild_id=GUILD, role_ids=frozenset({GUILD, CLUB, NEWCOMERS}), channel_ids=frozenset({GENERAL})
)


@pytest.mark.parametrize(
    ("rules", "in_"),
    [
        ({}, False),
        ({(Kind.user, ANA): True}, True),
        ({(Kind.user, ANA): False, (Kind.role, CLUB): True}, False),
        ({(Kind.role, CLUB): True, (Kind.role, NEWCOMERS): False}, True),
        ({(Kind.role, NEWCOMERS): False, (Kind.role, GUILD): True}, False),
        ({(Kind.role, GUILD): True}, True),
        ({(Kind.role, 99): True}, False),
        ({(Kind.user, ANA): True, (Kind.channel, GENERAL): False}, False),
        ({(Kind.user, ANA): True, (Kind.channel, GUILD - 1): False}, False),
        ({(Kind.user, ANA): True, (Kind.channel, GUILD - 1): False, (Kind.channel, GENERAL): True}, True),
        ({(Kind.channel, GENERAL): True}, False),
    ],
)
def test_whom_a_server_lets_in_is_decided_as_discord_decides(rules: dict[tuple[Kind, int], bool], *, in_: bool) -> None:
    assert allows(rules, WHO, guild_id=GUILD) is in_


@dataclass
class Command:
    """The admins' command, as a server has decided about it; an exception is what Discord answers instead."""

    rules: dict[tuple[Kind, int], bool] | Exception

    async def fetch_permissions(self, _guild: object) -> object:
        if isinstance(self.rules, Exception):
            raise self.rules
        said = [SimpleNamespace(type=kind, id=key, permission=may) for (kind, key), may in self.rules.items()]
        return SimpleNamespace(permissions=said)


def press(*, manages: bool = False, guild_id: int | None = GUILD, command: Command | None = None) -> Any:
    """Somebody presses a button of a panel."""
    return SimpleNamespace(
        client=SimpleNamespace(
            command_of=lambda name, guild_id: command if (name, guild_id) == ("admin", GUILD) else None
        ),
        user=SimpleNamespace(id=ANA),
        guild_id=guild_id,
        channel=None,
        channel_id=GENERAL,
        permissions=SimpleNamespace(manage_guild=manages, manage_messages=manages),
    )


async def test_who_manages_the_server_or_is_let_in_may_use_a_panel() -> None:
    await check_admin_access(press(manages=True))
    await check_admin_access(press(command=Command({(Kind.user, ANA): True})))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"command": Command({})},
        {"command": Command({(Kind.user, ANA): False})},
        {"command": Command({(Kind.user, ANA): True}), "guild_id": None},
        {"manages": True, "guild_id": None},
        {"command": Command(discord.NotFound(cast("Any", SimpleNamespace(status=404, reason="")), "none"))},
    ],
)
async def test_nobody_else_may_and_nobody_any_more(how: dict[str, Any]) -> None:
    with pytest.raises(NotPermitted):
        await check_admin_access(press(**how))


async def test_where_discord_does_not_say_nobody_is_let_in() -> None:
    with pytest.raises(DiscordBusy):
        await check_admin_access(press(command=Command(TimeoutError())))
