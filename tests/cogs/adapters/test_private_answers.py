"""The private answers of accepted requests: used while they live, forgotten after, never waited for in vain.

The card of a private job lives in one: never before the answer itself, never after its end.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain import Job
from cogs.adapters import private_answers
from cogs.adapters.private_answers import LIFE, MOST, PrivateAnswers


class Interaction:
    """As much of an interaction as a private answer needs; `trouble` is what Discord answers an edit with."""

    def __init__(self, number: int, *, trouble: Exception | None = None) -> None:
        self.id, self.trouble = number, trouble
        self.edits: list[dict[str, Any]] = []

    async def edit_original_response(self, **changes: Any) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.edits.append({name: value for name, value in changes.items() if value is not discord.utils.MISSING})

    def titles(self) -> list[str | None]:
        return [edit["embed"].title for edit in self.edits]


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
    with answers.keep(interaction, key=str(interaction.id)):
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
    with answers.keep(asked, key="1"):
        replacing = asyncio.create_task(answers.replace(job(asked), "It failed."))
        await asyncio.sleep(0.01)
        assert asked.edits == []
    assert await replacing
    assert len(asked.edits) == 1


async def test_a_request_that_was_refused_is_forgotten(answers: PrivateAnswers) -> None:
    asked: Any = Interaction(1)
    with pytest.raises(ZeroDivisionError), answers.keep(asked, key="1"):
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


def card(title: str) -> discord.Embed:
    return discord.Embed(title=title)


async def test_a_card_from_before_the_answer_is_shown_after_it(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction(1)
    with answers.keep(interaction, key="1"):
        await answers.show(job(interaction), card("waiting"), last=False)
        await answers.show(job(interaction), card("starting"), last=False)
        assert interaction.edits == []
    await answers.show_early_card("1")
    await answers.show_early_card("1")
    assert interaction.titles() == ["starting"]
    assert "content" not in interaction.edits[0]


async def test_a_newer_card_makes_the_early_one_out_of_date(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction(1)
    with answers.keep(interaction, key="1"):
        await answers.show(job(interaction), card("waiting"), last=False)
    await answers.show(job(interaction), card("running"), last=False)
    await answers.show_early_card("1")
    assert interaction.titles() == ["running"]


async def test_the_last_card_takes_the_place_of_the_answer_s_words(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction(1)
    accept(answers, interaction)
    for last in (True, True):
        await answers.show(job(interaction), card("done"), last=last)
    assert interaction.titles() == ["done"]
    assert interaction.edits[0]["content"] is None


async def test_after_the_answer_s_life_and_after_a_restart_nothing_is_tried(
    answers: PrivateAnswers, clock: Clock
) -> None:
    interaction: Any = Interaction(1)
    await answers.show(job(interaction), card("running"), last=False)
    accept(answers, interaction)
    clock.now = LIFE + 1
    await answers.show(job(interaction), card("running"), last=False)
    assert interaction.edits == []


@pytest.mark.parametrize("trouble", [aiohttp.ClientError(), OSError()])
async def test_what_discord_does_not_take_stops_nothing(answers: PrivateAnswers, trouble: Exception) -> None:
    interaction: Any = Interaction(1, trouble=trouble)
    accept(answers, interaction)
    await answers.show(job(interaction), card("running"), last=False)
    assert not await answers.replace(job(interaction), "failed")


async def test_a_command_that_failed_has_no_card(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction(1)

    async def command() -> None:
        with answers.keep(interaction, key="1"):
            await answers.show(job(interaction), card("waiting"), last=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await command()
    await answers.show_early_card("1")
    await answers.show(job(interaction), card("running"), last=False)
    assert interaction.edits == []
