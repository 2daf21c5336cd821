"""Whatever the database does, nobody reads "The application did not respond"."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from bot.errors import StoreUnavailable
from bot.store.database import Database, Transaction
from cogs.ui.replies import FIRST_ANSWER
from sandbox.discord.interactions import FIRST_ANSWER_SECONDS
from tests.acceptance.people import Json, People
from tests.acceptance.system import PROMPT, SMALL, System, around_database
from tests.acceptance.test_every_press import (
    BELOW_A_RESULT,
    BUTTON,
    IN_ITS_MENU,
    PANELS,
    action_of,
    menu_of,
    pressable,
)
from tests.patience import in_haste

T = TypeVar("T")

COMMANDS: Final = (1, 2)  # the types of subcommands and their groups
GAPS: Final = {"name": "gaps", "prompt": "a {thing} in the rain"}


class StuckDatabase:
    """A database that answers nothing while it is `stuck`; what was asked then has failed when it is over."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._inner: Database

    def wrap(self, inner: Database) -> Database:
        """Stand in front of a database."""
        self._inner, self.skip_locked = inner, inner.skip_locked
        return self

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """See `Database`."""
        if not self._free.is_set():
            await self._free.wait()
            raise StoreUnavailable("stuck")
        return await self._inner.transact(work, snapshot=snapshot)

    @asynccontextmanager
    async def stuck(self) -> AsyncIterator[None]:
        """While nothing is answered."""
        self._free.clear()
        try:
            with in_haste():
                yield
        finally:
            self._free.set()


def completed(command: Json, above: str = "") -> Iterator[tuple[str, str]]:
    """Every option of a command that is completed while it is typed, with the whole name of its command."""
    name = f"{above} {command['name']}".strip()
    for option in command.get("options") or []:
        if option["type"] in COMMANDS:
            yield from completed(option, name)
        elif option.get("autocomplete"):
            yield name, option["name"]


async def first_answer(people: People, sent: str, what: str) -> Json:
    """The first answer to an interaction, which came while Discord still waited for it."""

    async def given() -> Json | None:
        seen = await people.interaction(sent)
        assert seen["failed"] is None, (what, seen["failed"])
        return None if seen["acknowledged"] is None else seen

    return await people.until(given, what=f"an answer to {what}")


def test_the_first_answer_is_sent_a_second_before_discord_gives_up() -> None:
    assert FIRST_ANSWER <= FIRST_ANSWER_SECONDS - 1


async def test_every_autocompletion_offers_what_is_known_without_the_database(system: System) -> None:
    database = StuckDatabase()
    async with system.bot(substitute=around_database(database.wrap)):
        guild_id = str(system.sandbox.describe()["discord"]["guild_id"])
        options = [each for command in system.sandbox.discord.registry.offered(guild_id) for each in completed(command)]
        assert len(options) >= 20
        async with database.stuck():
            offered = await asyncio.gather(
                *(system.people.completes(name, focused=option, user="admin") for name, option in options)
            )
    without = {" ".join(option): len(choices) for option, choices in zip(options, offered, strict=True) if choices}
    assert {"video create model", "preset save mode", "admin limits model", "admin server timezone"} <= without.keys()
    assert not any(name.startswith(("library", "video cancel", "admin jobs")) for name in without)


async def test_every_control_answers_while_the_database_is_stuck(system: System) -> None:
    people, database = system.people, StuckDatabase()
    async with system.bot(substitute=around_database(database.wrap)):
        await people.answered(await people.types("preset save", user="admin", also=GAPS))
        await people.types("video create", user="admin", also={**SMALL, "private": True})
        await people.types("video create", user="ben", also=SMALL)  # so that it can be reported, too
        await system.rest()
        opened = [await people.types(name, user="admin", also=options) for name, options in PANELS.items()]
        result = await people.result()
        panels = [result, *[await people.answered(each) for each in opened]]
        panels.append(await menu_of(people, result, locale="en-US"))
        controls = [(panel, item) for panel in panels for item in pressable(panel["components"])]
        assert {*BELOW_A_RESULT, *IN_ITS_MENU} <= {action_of(item) for _, item in controls}
        assert len(controls) > 50
        async with database.stuck():
            await asyncio.gather(*(used(people, panel, item) for panel, item in controls))


async def used(people: People, message: Json, item: Json) -> None:
    """Press a button or choose in a select, and see that it is answered in time."""
    choices = [each["value"] for each in item.get("options", [])] or ["general"]  # without options it is a channel's
    values = [] if item["type"] == BUTTON else choices[-1:]
    sent = await people.presses(message, item["custom_id"], *values, user="admin")
    await first_answer(people, sent, item["custom_id"])


async def test_every_command_that_opens_a_form_answers_while_the_database_is_stuck(system: System) -> None:
    people, database = system.people, StuckDatabase()
    async with system.bot(substitute=around_database(database.wrap)):
        await people.answered(await people.types("preset save", user="admin", also=GAPS))
        message = await people.says(PROMPT)
        async with database.stuck():
            feedback, menu, preset = await asyncio.gather(
                people.types("feedback", user="admin"),
                people.uses("Make a video of this", message, user="admin"),
                people.types("preset use", user="admin", also={"name": "gaps"}),
            )
            assert (await first_answer(people, feedback, "feedback"))["modal"]
            assert (await first_answer(people, menu, "the menu"))["modal"]
            assert not (await first_answer(people, preset, "preset use"))["modal"]
            assert "Nothing was charged" in await people.answer(preset)
