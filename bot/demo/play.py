"""Plays the whole job, with no account: a sandbox, the real bot, a person who types, and the video that comes.

Both run as processes of their own, as an operator would start them; the demo only types, watches and checks.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.demo.screen import Screen
from bot.demo.show import DemoFailed, Show
from bot.demo.storyboard import StoryboardShow

DATABASE: Final = "shotcaller.db"  # in the folder of a bot
PATIENCE: Final = 180.0  # seconds for the video beyond the time that the pretended work takes
OPTIONS: Final = (
    *("prompt", "model", "mode", "aspect", "duration", "sound"),
    *("negative", "watermark", "cfg", "camera", "strength", "private"),
)


async def demo(arguments: argparse.Namespace) -> int:
    """Play the demo and check what came of it; the exit code is 0 only if nothing was wrong."""
    options = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    screen = Screen(sys.stdout)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shotcaller-demo-")))
        screen.say("starting a Discord and the video services on this machine …")
        sandbox = await stack.enter_async_context(run_sandbox(arguments.generate_seconds, books_of=folder))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        screen.say("starting the bot …")
        log = folder / "bot.log"
        await stack.enter_async_context(run_bot(sandbox["env"], folder, log))
        show = (StoryboardShow if arguments.storyboard else Show)(session, sandbox, screen)
        try:
            await show.wait_for_bot()
            if arguments.open:
                await show.wait_for_viewer(sandbox["page"])
            seen = await show.play(options, patience=PATIENCE + arguments.generate_seconds)
            path = await show.save(seen, arguments.output)
            await show.check(path, seen, options)
            screen.say("")
            screen.say(f"  Type and press for yourself, in the browser: {_how_to_try()}")
            if arguments.open:
                await _stay(screen, sandbox["page"])
        except DemoFailed as exc:
            say_why(exc, log, screen)
            return 1
    return 0


def _how_to_try() -> str:
    """Name the command that serves the page: installed as a tool, the bot has no Makefile beside it."""
    return "make try" if Path("Makefile").is_file() else "shotcaller sandbox --open"


async def _stay(screen: Screen, page: str) -> None:
    """Leave everything as it stands until somebody has seen enough."""
    from sandbox.server import stop_signals  # noqa: PLC0415 - the demo drives a sandbox in another process

    with stop_signals() as stopped:
        screen.say(f"  {page} stays open until you press Ctrl+C")
        await stopped.wait()


def say_why(failure: DemoFailed, log: Path, screen: Screen) -> None:
    """Print what was not as it should be, and the end of the bot's log."""
    screen.say(f"✗ {failure}")
    for line in log.read_text(encoding="utf-8").splitlines()[-8:]:
        screen.say(f"  bot: {line}")


@asynccontextmanager
async def run_sandbox(generate_seconds: float, *, books_of: Path | None = None) -> AsyncIterator[dict[str, Any]]:
    """Run a sandbox in a process of its own, which describes itself (see `docs/sandbox.md`); a video takes that long.

    Its page shows the books of the bot whose files are in the folder `books_of`.

    Raises:
        DemoFailed: it does not start.
    """
    arguments = ["sandbox", "--port", "0", "--generate-seconds", str(generate_seconds)]
    if books_of is not None:
        arguments += ["--database", str(books_of / DATABASE)]
    async with _process(*arguments, env=os.environ, stdout=asyncio.subprocess.PIPE) as process:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise DemoFailed("the sandbox did not start")
        described: dict[str, Any] = json.loads(line)
        yield described


@asynccontextmanager
async def run_bot(env: Mapping[str, str], folder: Path, log: Path) -> AsyncIterator[Process]:
    """Run the real bot in a process, with these settings; its files go to `folder`, what it says to `log`."""
    settings = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
        "DATA_DIR": str(folder),
        **env,
    }
    with log.open("ab") as output:
        async with _process("run", env=settings, stdout=output, stderr=output) as process:
            yield process


@asynccontextmanager
async def _process(*arguments: str, env: Mapping[str, str], **pipes: Any) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", *arguments, env=env, **pipes)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
