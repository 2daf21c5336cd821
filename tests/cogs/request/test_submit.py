"""Where the result of a request goes: with the limit of that place, and refused where the bot may not post it."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.errors import MissingPermissions
from cogs.request import destination_of
from cogs.ui.limits import FILE


def asked_in(*, guild: int | None = 7, thread: bool = False, **denied: bool) -> Any:
    """An interaction in a channel where the bot may do all but what is denied."""
    channel = discord.Object(5)
    if thread:
        channel = discord.Thread.__new__(discord.Thread)  # type: ignore[assignment]
    permissions = discord.Permissions.all()
    permissions.update(**denied)
    return SimpleNamespace(
        guild_id=guild, channel_id=5, channel=channel, app_permissions=permissions, filesize_limit=50_000_000, extras={}
    )


def test_a_result_goes_where_it_was_asked_for_with_the_limit_of_that_place() -> None:
    place = destination_of(asked_in(), private=False)
    assert (place.guild_id, place.channel_id, place.upload_limit, place.private) == (7, 5, 50_000_000, False)


def test_a_private_result_obeys_the_limit_of_direct_messages() -> None:
    place = destination_of(asked_in(attach_files=False), private=True)
    assert (place.upload_limit, place.private) == (FILE, True)
    assert not destination_of(asked_in(guild=None, attach_files=False), private=False).private


@pytest.mark.parametrize(
    ("thread", "needed"), [(False, "send_messages"), (True, "send_messages_in_threads"), (False, "attach_files")]
)
def test_every_permission_that_is_missing_is_named(needed: str, *, thread: bool) -> None:
    with pytest.raises(MissingPermissions) as caught:
        destination_of(asked_in(thread=thread, **{needed: False, "embed_links": False}), private=False)
    assert set(caught.value.missing) == {needed, "embed_links"}


def test_what_a_thread_does_not_need_is_not_asked_of_it() -> None:
    assert destination_of(asked_in(thread=True, send_messages=False), private=False).channel_id == 5
