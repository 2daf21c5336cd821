"""The card of a private job lives in the private answer: never before the answer itself, never after its end."""

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain import Job
from cogs.adapters.private_answers import LIFE, PrivateAnswers


class Interaction:
    """As much of an interaction as a private answer needs; `trouble` is what Discord answers an edit with."""

    def __init__(self, *, trouble: Exception | None = None) -> None:
        self.trouble = trouble
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


def job() -> Job:
    found: Any = SimpleNamespace(idempotency_key="key")
    return found  # type: ignore[no-any-return]


def accept(answers: PrivateAnswers, interaction: Any) -> None:
    """A command that made the job and has answered."""
    with answers.expected(interaction, key="key"):
        pass


def card(title: str) -> discord.Embed:
    return discord.Embed(title=title)


async def test_a_card_from_before_the_answer_is_shown_after_it(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction()
    with answers.expected(interaction, key="key"):
        await answers.show(job(), card("waiting"), last=False)
        await answers.show(job(), card("starting"), last=False)
        assert interaction.edits == []
    await answers.show_early_card("key")
    await answers.show_early_card("key")
    assert interaction.titles() == ["starting"]
    assert "content" not in interaction.edits[0]


async def test_a_newer_card_makes_the_early_one_out_of_date(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction()
    with answers.expected(interaction, key="key"):
        await answers.show(job(), card("waiting"), last=False)
    await answers.show(job(), card("running"), last=False)
    await answers.show_early_card("key")
    assert interaction.titles() == ["running"]


async def test_the_last_card_takes_the_place_of_the_answer_s_words(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction()
    accept(answers, interaction)
    for last in (True, True):
        await answers.show(job(), card("done"), last=last)
    assert interaction.titles() == ["done"]
    assert interaction.edits[0]["content"] is None


async def test_after_the_answer_s_life_and_after_a_restart_nothing_is_tried(
    answers: PrivateAnswers, clock: Clock
) -> None:
    interaction: Any = Interaction()
    await answers.show(job(), card("running"), last=False)
    accept(answers, interaction)
    clock.now = LIFE + 1
    await answers.show(job(), card("running"), last=False)
    assert interaction.edits == []


@pytest.mark.parametrize("trouble", [aiohttp.ClientError(), OSError()])
async def test_what_discord_does_not_take_stops_nothing(answers: PrivateAnswers, trouble: Exception) -> None:
    interaction: Any = Interaction(trouble=trouble)
    accept(answers, interaction)
    await answers.show(job(), card("running"), last=False)
    assert not await answers.replace(job(), "failed")


async def test_a_command_that_failed_has_no_card(answers: PrivateAnswers) -> None:
    interaction: Any = Interaction()

    async def command() -> None:
        with answers.expected(interaction, key="key"):
            await answers.show(job(), card("waiting"), last=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await command()
    await answers.show_early_card("key")
    await answers.show(job(), card("running"), last=False)
    assert interaction.edits == []
