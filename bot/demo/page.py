"""Serves the sandbox as a page with the real bot in it: no account, nothing to pay, for as long as somebody likes."""

import argparse
import asyncio
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.demo.play import DATABASE, run_bot, say_why
from bot.demo.screen import Screen
from bot.demo.show import DemoFailed, Show
from bot.domain.quota import UNLIMITED, Account, Unit
from bot.errors import StoreError
from bot.store.money.ledger_totals import read_accounts, read_ledger_totals
from bot.store.sqlite import SQLiteDatabase
from sandbox.page import open_in_browser
from sandbox.server import Sandbox, stop_signals

MICROS: Final = 1_000_000  # of a USD
MODERATOR: Final = {"name": "Helpers", "permissions": ["manage_messages"], "members": ["mia"]}


async def serve_page(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; the exit code is 1 if the bot ends before."""
    screen = Screen(sys.stdout)
    with tempfile.TemporaryDirectory(prefix="shotcaller-try-") as name, stop_signals() as stopped:
        folder = Path(name)
        log = folder / "bot.log"
        async with AsyncExitStack() as stack:
            screen.say("starting a Discord and the video services on this machine …")
            sandbox = await stack.enter_async_context(
                Sandbox(
                    host=arguments.host,
                    port=arguments.port,
                    generate_seconds=arguments.generate_seconds,
                    cache_dir=arguments.cache_dir,
                    books=Books(folder / DATABASE).read,
                )
            )
            session = await stack.enter_async_context(aiohttp.ClientSession())
            screen.say("starting the bot …")
            bot = await stack.enter_async_context(run_bot(sandbox.settings(), folder, log))
            try:
                await _while_alive(bot, Show(session, sandbox.describe(), screen).wait_for_bot())
                await _invite_moderator(session, sandbox.control)
                screen.say(f"Open {sandbox.url}/ in your browser. Ctrl+C ends it, and leaves nothing behind.")
                await open_in_browser(f"{sandbox.url}/")
                await _while_alive(bot, stopped.wait())
            except DemoFailed as exc:
                if stopped.is_set():
                    return 0
                say_why(exc, log, screen)
                return 1
    return 0


async def _while_alive(bot: Process, awaited: Coroutine[Any, Any, object]) -> None:
    """Wait for something as long as the bot lives.

    Raises:
        DemoFailed: the bot has ended before.
    """
    work, end = asyncio.create_task(awaited), asyncio.create_task(bot.wait())
    await asyncio.wait((work, end), return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    if not work.done():
        work.cancel()
        raise DemoFailed("the bot has ended")
    await work


async def _invite_moderator(session: aiohttp.ClientSession, control: str) -> None:
    """Have somebody among the people who moderates and is no admin."""
    for what, body in (("people", {"names": MODERATOR["members"]}), ("roles", MODERATOR)):
        async with session.post(f"{control}/{what}", json=body) as answer:
            answer.raise_for_status()


class Books:
    """Reads the bot's books out of its database, for the page."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> dict[str, Any] | None:
        """Read what the ledger comes to, and every account; None until the bot has made its database."""
        if not self._path.exists():  # opening would make it
            return None
        try:
            async with SQLiteDatabase(str(self._path)) as database:
                totals, accounts = await read_ledger_totals(database), await read_accounts(database)
        except StoreError:
            return None
        return {
            "videos": totals.videos,
            "credits": totals.credits,
            "usd": f"{totals.cost / MICROS:.2f}",
            "mismatched": [_whose(owner, period) for owner, period in totals.mismatched],
            "accounts": [_account(each) for each in accounts],
        }


def _whose(owner: str, period: str) -> dict[str, str | None]:
    """Take an account's name apart: `kind:name@guild:id`, of which `name@` or the guild may be missing."""
    kind, _, rest = owner.partition(":")
    name, _, place = rest.rpartition("@")
    guild = place.removeprefix("guild:")
    return {
        "owner": owner,
        "kind": kind,
        "name": name,
        "guild": guild if guild.isdecimal() else None,
        "period": period,
    }


def _account(account: Account) -> dict[str, str | None]:
    def amount(number: int) -> str:
        return f"${number / MICROS:.2f}" if account.unit is Unit.USD else str(number)

    return {
        **_whose(account.owner, account.period),
        "held": amount(account.held),
        "settled": amount(account.settled),
        "left": "∞" if account.allowance == UNLIMITED else amount(account.balance),
    }
