"""To whom a channel shows things, compared with another."""

from typing import Any, cast

import discord
import pytest

from bot.errors import DestinationLost
from cogs.adapters.places import Places
from cogs.adapters.reposter import check_audience

EVERYONE, SEEN, HIDDEN, ADULT, OPEN_THREAD, PRIVATE_THREAD, ADULT_THREAD, ARCHIVED, DIRECT = range(1, 10)
TEXT, DM, PUBLIC, PRIVATE = 0, 1, 11, 12
VIEW = str(discord.Permissions(view_channel=True).value)


def text(channel_id: int, *, hidden: bool = False, nsfw: bool = False) -> dict[str, Any]:
    overwrites = [{"id": str(EVERYONE), "type": 0, "allow": "0", "deny": VIEW}] if hidden else []
    return {
        "id": str(channel_id),
        "type": TEXT,
        "name": "c",
        "position": 0,
        "nsfw": nsfw,
        "permission_overwrites": overwrites,
    }


def thread(channel_id: int, *, of: int, kind: int = PUBLIC) -> dict[str, Any]:
    metadata = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-03-05T12:00:00+00:00"}
    return {
        "id": str(channel_id),
        "type": kind,
        "name": "t",
        "parent_id": str(of),
        "owner_id": "77",
        "guild_id": str(EVERYONE),
        "message_count": 0,
        "member_count": 0,
        "thread_metadata": metadata,
    }


GUILD: dict[str, Any] = {
    "id": str(EVERYONE),
    "name": "g",
    "owner_id": "77",
    "members": [],
    "emojis": [],
    "stickers": [],
    "roles": [{"id": str(EVERYONE), "name": "@everyone", "permissions": VIEW, "position": 0, "color": 0}],
    "channels": [text(SEEN), text(HIDDEN, hidden=True), text(ADULT, nsfw=True)],
    "threads": [
        thread(OPEN_THREAD, of=SEEN),
        thread(PRIVATE_THREAD, of=SEEN, kind=PRIVATE),
        thread(ADULT_THREAD, of=ADULT),
    ],
}


class FakeClient(discord.Client):
    """A client that Discord has told about one guild; an archived thread has to be asked for."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.none())
        # The library has no public way to make a guild.
        self._guild = discord.Guild(data=cast("Any", GUILD), state=self._connection)
        self.asked: list[int] = []

    def get_guild(self, _guild_id: int, /) -> discord.Guild:
        return self._guild

    def get_channel(self, channel_id: int, /) -> Any:
        return self._guild.get_channel_or_thread(channel_id)

    async def fetch_channel(self, channel_id: int, /) -> Any:
        self.asked.append(channel_id)
        if channel_id == ARCHIVED:
            return discord.Thread(
                guild=self._guild, state=self._connection, data=cast("Any", thread(ARCHIVED, of=SEEN))
            )
        return discord.Object(channel_id)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (SEEN, SEEN, None),
        (OPEN_THREAD, SEEN, None),
        (ARCHIVED, SEEN, None),
        (ADULT, ADULT_THREAD, None),
        (SEEN, ADULT, None),
        (SEEN, HIDDEN, None),
        (HIDDEN, HIDDEN, None),
        (PRIVATE_THREAD, HIDDEN, None),
        (ADULT, SEEN, "age_restricted"),
        (ADULT_THREAD, SEEN, "age_restricted"),
        (HIDDEN, SEEN, "not_for_everybody"),
        (PRIVATE_THREAD, SEEN, "not_for_everybody"),
        (DIRECT, SEEN, "no_channel_of_a_guild"),
    ],
)
async def test_nothing_is_copied_to_more_people_than_saw_it(source: int, target: int, reason: str | None) -> None:
    client, found = FakeClient(), None
    try:
        await check_audience(Places(client), source_id=source, target_id=target)
    except DestinationLost as lost:
        found = lost.reason
    assert found == reason
    assert set(client.asked) <= {ARCHIVED, DIRECT}
