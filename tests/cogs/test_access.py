"""Every button, form and command that is given a video's id asks whether that person may see it where they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import discord
import pytest

from bot.client import Shotcaller
from bot.domain import Job, Remover
from bot.errors import ResultDeleted, ResultForgotten
from bot.store.jobs.results import ResultStore
from cogs.library.command import send_again, show_one
from cogs.results.buttons import ACTIONS
from tests.cogs.controls import controls, press
from tests.cogs.controls import use as use_it
from tests.service.services import Services, open_services

Use = Callable[[Services, Job, Any], Awaitable[None]]

HERE, ELSEWHERE = 7, 9
TELLS_NOTHING: Final = {"report", "more"}  # an empty form, of which only moderators see more, and the way to it


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(tmp_path) as opened:
        yield opened


async def bot(services: Services) -> Shotcaller:
    """A bot that could do more than look a video up, if it were let."""
    return await controls(services.bot.services)


async def delivered(services: Services) -> Job:
    job = await services.succeeded()
    return await services.jobs.delivered(job, channel_id=5, message_id=50, now=services.clock())


def interaction(*, user_id: int, guild_id: int | None) -> Any:
    return press(
        "",
        user=SimpleNamespace(id=user_id),
        guild_id=guild_id,
        permissions=SimpleNamespace(manage_guild=True, manage_messages=True, send_messages=True),
        filesize_limit=10_000_000,
    )


async def used(custom_id: str, services: Services, who: Any, *, form: bool = False) -> None:
    """Use what has this `custom_id`."""
    who.type = discord.InteractionType.modal_submit if form else discord.InteractionType.component
    who.data = {"custom_id": custom_id}
    await use_it(await bot(services), who)


def _result(action: str) -> Use:
    more = {"reshape": ":9:16", "erase": ":50"}.get(action, "")
    return lambda services, job, who: used(f"result:{action}:{job.id}{more}", services, who)


async def _shown(services: Services, job: Job, who: Any) -> None:
    await show_one(await bot(services), who, job.id)


async def _sent(services: Services, job: Job, who: Any) -> None:
    await send_again(await bot(services), who, job.id)


USES: Final[dict[str, Use]] = {
    **{f"result:{action}": _result(action) for action in ACTIONS if action not in TELLS_NOTHING},
    "inbox:get": lambda services, job, who: used(f"inbox:get:{job.id}", services, who),
    "inbox:dismiss": lambda services, job, who: used(f"inbox:dismiss:{job.id}", services, who),
    "inbox:share": lambda services, job, who: used(f"inbox:share:{job.id}", services, who),
    "library:send": lambda services, job, who: used(f"library:send:{job.id}", services, who),
    "/library id:": _shown,
    "a copy": _sent,
    "the form of edit": lambda services, job, who: used(f"remix:{job.id}", services, who, form=True),
}


# What is in one's own direct messages may be deleted there, whosever it is.
FROM_ELSEWHERE: Final = [(use, ELSEWHERE) for use in USES] + [
    (use, None) for use in USES if use not in {"result:delete", "result:erase"}
]


@pytest.mark.parametrize(("use", "guild_id"), FROM_ELSEWHERE)
async def test_an_id_from_elsewhere_opens_nothing(services: Services, use: str, guild_id: int | None) -> None:
    job = await delivered(services)
    with pytest.raises(ResultForgotten):
        await USES[use](services, job, interaction(user_id=2, guild_id=guild_id))


@pytest.mark.parametrize("use", USES)
async def test_what_has_not_been_posted_is_its_authors_alone(services: Services, use: str) -> None:
    job = await services.queued()
    with pytest.raises(ResultForgotten):
        await USES[use](services, job, interaction(user_id=2, guild_id=HERE))


@pytest.mark.parametrize("use", sorted({*USES} - {"result:delete", "result:erase"}))
async def test_what_a_moderator_has_deleted_is_nobodys(services: Services, use: str) -> None:
    job = await delivered(services)
    await ResultStore(services.database).remove(job.id, by=Remover.MODERATOR, now=services.clock())
    for user_id, refusal in ((2, ResultForgotten), (1, ResultDeleted)):
        with pytest.raises(refusal):
            await USES[use](services, job, interaction(user_id=user_id, guild_id=HERE))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("job_id", ["unknown", "0" * 40])
async def test_an_unknown_id_is_refused_in_the_same_words(services: Services, use: str, job_id: str) -> None:
    job = replace(await delivered(services), id=job_id)
    with pytest.raises(ResultForgotten):
        await USES[use](services, job, interaction(user_id=1, guild_id=HERE))
