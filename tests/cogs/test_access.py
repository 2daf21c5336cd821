"""Every button, form and command that is given a video's id asks whether that person may see it where they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import discord
import pytest

from bot.domain.job import Job, Remover
from bot.errors import ResultDeleted, ResultForgotten
from bot.service.jobs.results import Results
from bot.service.member.library import Library
from bot.store.jobs.results import ResultStore
from bot.store.member.library import Shelf
from cogs.library.actions import send_again, show_one
from cogs.library.command import VideoItem
from cogs.results import edit
from cogs.results.buttons import ACTIONS, ResultButton
from cogs.results.inbox import InboxButton
from cogs.ui.buttons import PersistentItem
from tests.service.house import House, open_house

Use = Callable[[House, Job, Any], Awaitable[None]]

HERE, ELSEWHERE = 7, 9
TELLS_NOTHING: Final = {"report"}  # opens an empty form; what comes of it only moderators see


class Response:
    """Takes every first answer."""

    async def defer(self, **_: Any) -> None:
        """An acknowledgement."""

    async def send_modal(self, form: Any) -> None:
        raise AssertionError(form)


def interaction(*, user_id: int, guild_id: int | None) -> Any:
    permissions = SimpleNamespace(manage_guild=True, manage_messages=True, send_messages=True)
    return SimpleNamespace(
        id=1,
        user=SimpleNamespace(id=user_id),
        guild_id=guild_id,
        channel=None,
        channel_id=5,
        message=None,
        locale="en-US",
        guild_locale=None,
        permissions=permissions,
        filesize_limit=10_000_000,
        response=Response(),
    )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


def bot(house: House) -> Any:
    """A bot whose services would do nothing but look the video up."""
    nothing = cast("Any", None)
    results = Results(
        store=ResultStore(house.database),
        lookup=house.lookup,
        copies=nothing,
        courier=nothing,
        delivery=nothing,
        removals=nothing,
        repeats=nothing,
        posted=nothing,
        clock=house.clock,
        moment=house.moment,
        wake=house.wake,
    )
    library = Library(shelf=Shelf(house.database), lookup=house.lookup, gallery=nothing, clock=house.clock)
    return SimpleNamespace(services=SimpleNamespace(results=results, library=library))


async def delivered(house: House) -> Job:
    job = await house.succeeded()
    return await house.jobs.delivered(job, channel_id=5, message_id=50, now=house.clock())


async def handle_press(kind: type[PersistentItem[Any]], custom_id: str, house: House, who: Any) -> None:
    """Use what has this `custom_id`, as discord.py would."""
    match = kind.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None, custom_id
    who.client = bot(house)
    item = await kind.from_custom_id(who, discord.ui.Button(custom_id=custom_id), match)
    await item.handle_press(who.client, who)


def _result(action: str) -> Use:
    more = {"reshape": ":9:16", "erase": ":50"}.get(action, "")
    return lambda house, job, who: handle_press(ResultButton, f"result:{action}:{job.id}{more}", house, who)


async def _edited(house: House, job: Job, who: Any) -> None:
    who.client = bot(house)
    who.extras = {}
    await edit.submit_edited(who, job.id, {"components": []})


USES: Final[dict[str, Use]] = {
    **{f"result:{action}": _result(action) for action in ACTIONS if action not in TELLS_NOTHING},
    "inbox:get": lambda house, job, who: handle_press(InboxButton, f"inbox:get:{job.id}", house, who),
    "inbox:share": lambda house, job, who: handle_press(InboxButton, f"inbox:share:{job.id}", house, who),
    "library:send": lambda house, job, who: handle_press(VideoItem, f"library:send:{job.id}", house, who),
    "/library id:": lambda house, job, who: show_one(bot(house), who, job.id),
    "a copy": lambda house, job, who: send_again(bot(house), who, job.id),
    "the form of edit": _edited,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("guild_id", [ELSEWHERE, None])
async def test_an_id_from_elsewhere_opens_nothing(house: House, use: str, guild_id: int | None) -> None:
    job = await delivered(house)
    with pytest.raises(ResultForgotten):
        await USES[use](house, job, interaction(user_id=2, guild_id=guild_id))


@pytest.mark.parametrize("use", USES)
async def test_what_has_not_been_posted_is_its_authors_alone(house: House, use: str) -> None:
    job = await house.queued()
    with pytest.raises(ResultForgotten):
        await USES[use](house, job, interaction(user_id=2, guild_id=HERE))


@pytest.mark.parametrize("use", sorted({*USES} - {"result:delete", "result:erase"}))
async def test_what_a_moderator_has_deleted_is_nobodys(house: House, use: str) -> None:
    job = await delivered(house)
    await ResultStore(house.database).remove(job.id, by=Remover.MODERATOR, now=house.clock())
    for user_id, refusal in ((2, ResultForgotten), (1, ResultDeleted)):
        with pytest.raises(refusal):
            await USES[use](house, job, interaction(user_id=user_id, guild_id=HERE))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("job_id", ["unknown", "0" * 40])
async def test_an_unknown_id_is_refused_in_the_same_words(house: House, use: str, job_id: str) -> None:
    job = replace(await delivered(house), id=job_id)
    with pytest.raises(ResultForgotten):
        await USES[use](house, job, interaction(user_id=1, guild_id=HERE))
