"""Whoever watches hears of every change as it happens, and looks at the world as one person sees it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sandbox.control import event_stream
from sandbox.events import MOST_WAITING, Events
from sandbox.server import Sandbox
from tests.patience import PATIENCE
from tests.sandbox.conftest import COMMAND, Harness

EPHEMERAL = 64


class Stream:
    """The events that one watcher hears."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self, kind: str) -> Any:
        """What is said with the next event of a kind, passing over others."""
        while True:
            line = await self._line()
            if line == f"event: {kind}":
                return json.loads((await self._line()).removeprefix("data: "))

    async def _line(self) -> str:
        return (await asyncio.wait_for(self._answer.content.readline(), PATIENCE)).decode().rstrip("\n")

    async def rest(self) -> bytes:
        """Everything until the end of the stream."""
        return await asyncio.wait_for(self._answer.content.read(), PATIENCE)


@asynccontextmanager
async def watching(sandbox: Sandbox) -> AsyncIterator[Stream]:
    async with aiohttp.ClientSession() as client, client.get(f"{sandbox.control}/events") as answer:
        assert answer.content_type == "text/event-stream"
        yield Stream(answer)


async def test_messages_are_told_as_they_come_change_and_go(plain: Harness) -> None:
    async with watching(plain.sandbox) as stream:
        _, posted = await plain.say("hello")
        assert (await stream.next("message"))["message"]["content"] == "hello"
        path = f"/channels/{plain.channel().id}/messages/{posted['id']}"
        await plain.api("PATCH", path, {"content": "goodbye"})
        assert (await stream.next("message"))["message"]["content"] == "goodbye"
        await plain.api("PUT", f"{path}/reactions/👍/@me")
        assert (await stream.next("message"))["message"]["reactions"]
        await plain.api("DELETE", path)
        assert await stream.next("gone") == {"channel_id": plain.channel().id, "id": posted["id"]}


async def test_an_answer_is_told_and_a_private_one_names_its_reader(plain: Harness) -> None:
    async with plain.online() as bot, watching(plain.sandbox) as stream:
        interaction = await plain.command(bot)
        await plain.answer(interaction, 4, {"content": "for you", "flags": EPHEMERAL})
        told = (await stream.next("message"))["message"]
        assert (told["content"], told["visible_to"]) == ("for you", plain.user("ana"))
        assert await stream.next("interaction") == {"id": interaction["id"]}


async def test_changes_of_the_world_are_told(plain: Harness) -> None:
    async with watching(plain.sandbox) as stream:
        await plain.post("people", names=["eve"])
        await stream.next("world")
        await plain.post("clock", advance=60)
        await stream.next("world")
        await plain.register()
        await stream.next("commands")
        await plain.post("faults", target="kirin", kind="stuck")
        await stream.next("faults")
        await plain.post("faults", target="kirin", kind="stuck", count=0)
        await stream.next("faults")
        async with plain.online():
            await stream.next("world")
        assert (await plain.look("state"))["watchers"] == 1
    assert (await plain.look("faults"))["waiting"] == []


async def test_tasks_are_told_from_their_beginning_to_their_end(plain: Harness) -> None:
    described = plain.sandbox.describe()["kling"]
    headers = {"Authorization": f"Bearer {described['api_key']}"}
    body = {"model_name": "kling-v1", "prompt": "a fox", "duration": "5"}
    async with watching(plain.sandbox) as stream:
        await plain.post("faults", target="kling", kind="task_failed")
        address = f"{described['base_url']}/v1/videos/text2video"
        async with plain.client.post(address, json=body, headers=headers) as answer:
            assert answer.status == 200
        await stream.next("tasks")
        assert (await plain.look("tasks"))[0]["request"]["prompt"] == "a fox"


async def test_a_silent_line_is_kept_open(plain: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BEAT_SECONDS", 0.01)
    async with watching(plain.sandbox) as stream:
        assert await stream._line() == "retry: 500"  # noqa: SLF001 (what is no event)
        assert await stream._line() == ""  # noqa: SLF001 (likewise)
        assert await stream._line() == ":"  # noqa: SLF001 (likewise)


async def test_the_end_of_the_sandbox_ends_the_line() -> None:
    async with Sandbox(environment={}) as sandbox, watching(sandbox) as stream:
        sandbox.events.end()
        assert (await stream.rest()).startswith(b"retry")


async def test_who_reads_too_slowly_is_cut_off() -> None:
    events = Events()
    with events.watch() as watcher:
        for number in range(MOST_WAITING + 10):
            events.tell("message", number=number)
        heard = [await watcher.next(patience=PATIENCE) for _ in range(MOST_WAITING + 2)]
    assert heard[-1] is None
    assert heard[0] is not None
    assert heard[0].about == {"number": 0}
    assert events.watchers == 0


async def test_a_person_sees_their_own_world(plain: Harness) -> None:
    await plain.post("roles", name="Helpers", permissions=["manage_messages"], members=["ben"])
    await plain.post("roles", name="Chiefs", permissions=["administrator"], members=["ana"])
    await plain.post("people", names=["eve"])
    await plain.post("people", leave=["eve"])
    await plain.post("permissions", channel="quiet", role="@everyone", deny=["view_channel"])
    seen = await plain.look("client", user="ben")
    (guild,) = seen["guilds"]
    channels = {channel["name"]: channel for channel in guild["channels"]}
    assert "quiet" not in channels
    assert channels["general"]["may_write"]
    assert channels["general"]["may_delete"]
    assert channels["thread"]["may_write"]
    standings = {person["username"]: person["standing"] for person in seen["people"]}
    assert standings == {"owner": "owner", "ana": "admin", "ben": "moderator", "admin": "admin", "eve": "stranger"}
    assert seen["direct"] in {person["direct"] for person in seen["people"]}


async def test_a_person_is_offered_what_they_may_use(plain: Harness) -> None:
    secret = {"name": "secret", "description": "For admins", "default_member_permissions": "0"}
    await plain.register(COMMAND, secret, {"name": "Look at this", "type": 3})
    offered = [command["name"] for command in await plain.look("offered", user="ana", channel="general")]
    assert offered == ["video", "Look at this"]
    assert len(await plain.look("offered", user="owner", channel="general")) == 3


async def test_books_are_shown_where_somebody_keeps_them(plain: Harness) -> None:
    async def books() -> dict[str, Any]:
        return {"videos": 3}

    assert await plain.look("books") is None
    async with (
        Sandbox(environment={}, books=books) as sandbox,
        aiohttp.ClientSession() as client,
        client.get(f"{sandbox.control}/books") as answer,
    ):
        assert await answer.json() == {"videos": 3}
