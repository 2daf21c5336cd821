"""The private answers of accepted requests: used while they live, forgotten after, never waited for in vain."""

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain import Job
from bot.errors import MissingPermissions
from cogs.adapters import private_answers
from cogs.adapters.private_answers import LIFE, MOST, PrivateAnswers
from cogs.request import DIRECT_LIMIT, destination_of


class Interaction:
    """As much of an interaction as a private answer needs; `trouble` is what Discord answers an edit with."""

    def __init__(self, number: int, *, trouble: Exception | None = None) -> None:
        self.id, self.trouble = number, trouble
        self.edits: list[dict[str, Any]] = []

    async def edit_original_response(self, **changes: Any) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.edits.append({name: value for name, value in changes.items() if value is not discord.utils.MISSING})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers(clock: Clock) -> PrivateAnswers:
    return PrivateAnswers(clock=clock)


def job(interaction: Interaction) -> Job:
    found: Any = SimpleNamespace(idempotency_key=str(interaction.id))
    return found  # type: ignore[no-any-return]


def accept(answers: PrivateAnswers, interaction: Any) -> None:
    """A command that made a job of it and has answered."""
    with answers.expected(interaction, key=str(interaction.id)):
        pass


async def test_the_end_of_a_job_replaces_the_answer_once(answers: PrivateAnswers) -> None:
    asked = Interaction(1)
    accept(answers, asked)
    assert await answers.replace(job(asked), "It failed.")
    assert not await answers.replace(job(asked), "It failed.")
    (edit,) = asked.edits
    assert edit["content"] == "It failed."
    assert edit["allowed_mentions"].to_dict() == {"parse": []}


async def test_the_command_has_its_own_say_first(answers: PrivateAnswers) -> None:
    asked: Any = Interaction(1)
    with answers.expected(asked, key="1"):
        replacing = asyncio.create_task(answers.replace(job(asked), "It failed."))
        await asyncio.sleep(0.01)
        assert asked.edits == []
    assert await replacing
    assert len(asked.edits) == 1


async def test_a_request_that_was_refused_is_forgotten(answers: PrivateAnswers) -> None:
    asked: Any = Interaction(1)
    with pytest.raises(ZeroDivisionError), answers.expected(asked, key="1"):
        raise ZeroDivisionError
    assert not await answers.replace(job(asked), "It failed.")


async def test_an_answer_lives_as_long_as_discord_lets_it_be_edited(answers: PrivateAnswers, clock: Clock) -> None:
    asked = Interaction(1)
    accept(answers, asked)
    clock.now = LIFE + 1
    assert not await answers.replace(job(asked), "It failed.")
    assert asked.edits == []


@pytest.mark.parametrize(
    "trouble",
    [
        discord.HTTPException(SimpleNamespace(status=401, reason=""), {"code": 50027, "message": ""}),
        aiohttp.ClientConnectionError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_an_answer_that_cannot_be_edited_is_none(answers: PrivateAnswers, trouble: Exception) -> None:
    asked = Interaction(1, trouble=trouble)
    accept(answers, asked)
    assert not await answers.replace(job(asked), "It failed.")


async def test_old_answers_and_too_many_are_dropped(answers: PrivateAnswers, clock: Clock) -> None:
    first = Interaction(0)
    accept(answers, first)
    for number in range(1, MOST + 2):
        accept(answers, Interaction(number))
    assert len(answers._open) == MOST  # noqa: SLF001 (a leak shows nowhere else)
    assert not await answers.replace(job(first), "It failed.")
    clock.now = LIFE + 1
    accept(answers, Interaction(MOST + 2))
    assert len(answers._open) == 1  # noqa: SLF001


def test_the_patience_with_a_command_ends_before_its_answer_dies() -> None:
    assert private_answers.PATIENCE < 15 * 60 - LIFE


def asked_in(*, guild: int | None = 7, thread: bool = False, **denied: bool) -> Any:
    """An interaction in a channel where the bot may do all but what is denied."""
    channel = discord.Object(5)
    if thread:
        channel = discord.Thread.__new__(discord.Thread)  # type: ignore[assignment]
    permissions = discord.Permissions.all()
    permissions.update(**denied)
    return SimpleNamespace(
        guild_id=guild, channel_id=5, channel=channel, app_permissions=permissions, filesize_limit=50_000_000
    )


def test_a_result_goes_where_it_was_asked_for_with_the_limit_of_that_place() -> None:
    place = destination_of(asked_in(), private=False)
    assert (place.guild_id, place.channel_id, place.upload_limit, place.private) == (7, 5, 50_000_000, False)


def test_a_private_result_obeys_the_limit_of_direct_messages() -> None:
    place = destination_of(asked_in(attach_files=False), private=True)
    assert (place.upload_limit, place.private) == (DIRECT_LIMIT, True)
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
