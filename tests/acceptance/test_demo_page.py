"""The sandbox as a page with the real bot in it, as somebody starts it who has just downloaded the bot."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.__main__ import main
from bot.demo.page import serve_page
from sandbox.__main__ import read_arguments
from tests.acceptance.people import People
from tests.acceptance.system import SMALL
from tests.fresh_databases import migrated_file
from tests.patience import PATIENCE

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class Started:
    """A command that runs, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.printed = ""

    async def until(self, words: str) -> str:
        """Read on until these words are printed; all that was printed."""
        assert self.process.stdout is not None
        while words not in self.printed:
            line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
            assert line, self.printed
            self.printed += line.decode()
        return self.printed


@asynccontextmanager
async def started(arguments: Sequence[str]) -> AsyncIterator[Started]:
    """Start a command; at the end it is stopped with Ctrl+C, and has to end well."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "bot", *arguments]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, env={**environment, "PYTHONUNBUFFERED": "1"})
    try:
        yield Started(process)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def printed(capsys: pytest.CaptureFixture[str], words: str, serving: asyncio.Task[int]) -> str:
    """What is printed in this process, as soon as these words are."""
    text = ""
    while words not in text:
        assert not serving.done(), text
        await asyncio.sleep(0.05)
        text += capsys.readouterr().out
    return text


async def test_the_page_has_the_bot_a_moderator_and_books_that_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    arguments = ["--open", "--generate-seconds", "0.2", "--cache-dir", str(tmp_path)]
    serving = asyncio.create_task(serve_page(read_arguments(arguments, prog="shotcaller sandbox")))
    async with aiohttp.ClientSession() as client:
        found = ADDRESS.search(await printed(capsys, "in your browser", serving))
        assert found is not None
        control = f"{found[0]}/control"
        people = People(client, control)
        await people.types("video create", user="mia", **SMALL)
        await people.result()

        async def books() -> dict[str, Any] | None:
            async with client.get(f"{control}/books") as answer:
                read: dict[str, Any] = await answer.json()
            return read if read["videos"] else None

        read = await people.until(books, what="a video in the books")
        async with client.get(f"{control}/client", params={"user": "mia"}) as answer:
            seen = await answer.json()
        standing = {each["username"]: each["standing"] for each in seen["people"]}
    signal.raise_signal(signal.SIGINT)
    assert await serving == 0
    assert standing["mia"] == "moderator"
    assert (read["credits"], read["mismatched"]) == (3, [])
    assert {account["settled"] for account in read["accounts"]} >= {"3", "$0.25"}
    assert "∞" in {account["left"] for account in read["accounts"]}
    (mia,), (guild,) = ([each["id"] for each in seen["people"] if each["username"] == "mia"], seen["guilds"])
    whose = {(account["kind"], account["name"], account["guild"]) for account in read["accounts"]}
    assert whose == {("user", mia, guild["id"]), ("budget", "", guild["id"])}


async def test_a_bot_that_ends_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "nonsense")
    assert await serve_page(read_arguments(["--open"], prog="shotcaller sandbox")) == 1
    assert "the bot has ended" in capsys.readouterr().out


async def test_the_demo_can_be_watched_and_stays(tmp_path: Path) -> None:
    arguments = ("demo", "--open", "--duration", "3", "--aspect", "1:1", "--generate-seconds", "0.2")
    async with started([*arguments, "--output", str(tmp_path)]) as command, aiohttp.ClientSession() as client:
        found = ADDRESS.search(await command.until("to watch"))
        assert found is not None
        async with client.get(f"{found[0]}/control/events") as answer:
            assert answer.status == 200
            said = await command.until("Ctrl+C")
        people = People(client, f"{found[0]}/control")

        async def paid() -> bool:
            async with client.get(f"{found[0]}/control/books") as answer:
                return bool((await answer.json())["videos"])

        await people.until(paid, what="the demo's video in the books")
    assert "make try" in said
    assert f"✓ {tmp_path}" in said


async def test_the_books_of_a_bot_that_somebody_else_starts_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "shotcaller.db"
    arguments = ("sandbox", "--database", str(file))
    async with started(arguments) as command, aiohttp.ClientSession() as client:
        control = json.loads(await command.until("\n"))["control"]

        async def books() -> Any:
            async with client.get(f"{control}/books") as answer:
                return await answer.json()

        assert await books() is None
        assert not file.exists(), "the database is the bot's to make"
        await asyncio.to_thread(file.write_text, "")
        assert await books() is None
        await asyncio.to_thread(file.unlink)
        await migrated_file(file)
        assert await books() == {"videos": 0, "credits": 0, "usd": "0.00", "mismatched": [], "accounts": []}


def test_the_page_with_a_bot_of_its_own_has_its_database() -> None:
    assert main(["sandbox", "--open", "--database", "other.db"]) == 2


def test_a_crowd_is_not_watched() -> None:
    assert main(["demo", "--crowd", "3", "--open"]) == 2
