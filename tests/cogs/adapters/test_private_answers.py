"""The private answers of accepted requests: used while they live, forgotten after, never waited for in vain.

The card of a private job lives in one: never before the answer itself, never after its end. All of it is so in one
process that remembers, and in several that keep what they need in their database.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain import Job
from bot.service.answer_tokens import LIFE, MOST, AnswerToken, AnswerTokens, RememberedTokens, Seal, SharedTokens
from bot.store.member.private_answers import PrivateAnswerStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from cogs.adapters import private_answers
from cogs.adapters.private_answers import PrivateAnswers
from tests import jobs
from tests.jobs import NOW


@dataclass
class Asked:
    """As much of an interaction as a private answer needs."""

    id: int
    created_at: Any = NOW
    application_id: int = 42
    user: discord.Object = field(default_factory=lambda: discord.Object(1))

    @property
    def token(self) -> str:
        return f"token-{self.id}"


class Discord:
    """Takes the edits of private answers, or answers with `trouble`; the time is by its clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.edits: dict[str, list[dict[str, Any]]] = {}
        self.trouble: Exception | None = None

    def moment(self) -> datetime:
        return self.now

    async def edit(self, token: AnswerToken, changes: Mapping[str, Any]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.edits.setdefault(token.token, []).append(dict(changes))

    def of(self, asked: Asked) -> list[dict[str, Any]]:
        return self.edits.get(asked.token, [])

    def titles(self, asked: Asked) -> list[str | None]:
        return [edit["embed"].title for edit in self.of(asked)]


@pytest.fixture
def world() -> Discord:
    return Discord()


@pytest.fixture(params=["remembered", "shared"])
async def tokens(request: pytest.FixtureRequest, world: Discord, tmp_path: Path) -> AsyncIterator[AnswerTokens]:
    if request.param == "remembered":
        yield RememberedTokens(moment=world.moment)
        return
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as database:
        await migrate(database, now=NOW)
        store, seal = PrivateAnswerStore(database), Seal("secret")
        yield SharedTokens(store, seal=seal, moment=world.moment, others=lambda: True)


@pytest.fixture
def answers(world: Discord, tokens: AnswerTokens) -> PrivateAnswers:
    return PrivateAnswers(tokens=tokens, edit=world.edit, moment=world.moment)


def job(asked: Asked, **changes: Any) -> Job:
    return jobs.job(idempotency_key=str(asked.id), **changes)


def keep(answers: PrivateAnswers, asked: Asked) -> Any:
    interaction: Any = asked
    return answers.keep(interaction, key=str(asked.id))


async def accept(answers: PrivateAnswers, asked: Asked) -> Asked:
    """A command that made a job of it and has answered."""
    async with keep(answers, asked):
        pass
    return asked


def card(title: str) -> discord.Embed:
    return discord.Embed(title=title)


async def test_the_end_of_a_job_replaces_the_answer_once(answers: PrivateAnswers, world: Discord) -> None:
    asked = await accept(answers, Asked(1))
    assert await answers.replace(job(asked), "It failed.")
    assert not await answers.replace(job(asked), "It failed.")
    (edit,) = world.of(asked)
    assert (edit["content"], edit["embed"], edit["view"]) == ("It failed.", None, None)


async def test_the_command_has_its_own_say_first(answers: PrivateAnswers, world: Discord) -> None:
    asked = Asked(1)
    async with keep(answers, asked):
        replacing = asyncio.create_task(answers.replace(job(asked), "It failed."))
        await asyncio.sleep(0.05)
        assert world.of(asked) == []
    assert await replacing
    assert len(world.of(asked)) == 1


async def test_a_command_that_never_answers_is_not_waited_for_for_ever(
    answers: PrivateAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_answers, "PATIENCE", 0.01)
    async with keep(answers, Asked(1)):
        assert not await answers.replace(job(Asked(1)), "It failed.")


async def test_a_request_that_was_refused_is_forgotten(answers: PrivateAnswers) -> None:
    asked = Asked(1)
    with pytest.raises(ZeroDivisionError):
        async with keep(answers, asked):
            raise ZeroDivisionError
    assert not await answers.replace(job(asked), "It failed.")


async def test_a_repeat_of_the_same_request_has_the_answer_from_then_on(
    answers: PrivateAnswers, world: Discord
) -> None:
    first, second = Asked(1), Asked(1, created_at=NOW + timedelta(seconds=1))
    async with keep(answers, first):
        await accept(answers, second)
        await answers.show(job(first), card("waiting"), None)
    await answers.show(job(first), card("running"), None)
    assert world.titles(first)[-1] == "running"


async def test_an_answer_lives_as_long_as_discord_lets_it_be_edited(answers: PrivateAnswers, world: Discord) -> None:
    asked = await accept(answers, Asked(1))
    world.now += LIFE
    assert not await answers.replace(job(asked), "It failed.")
    assert world.of(asked) == []


@pytest.mark.parametrize(
    "trouble",
    [
        aiohttp.ClientConnectionError(),
        OSError(),
        discord.NotFound(type("Response", (), {"status": 404, "reason": ""})(), "gone"),
    ],
)
async def test_what_discord_does_not_take_stops_nothing(
    answers: PrivateAnswers, world: Discord, trouble: Exception
) -> None:
    asked = await accept(answers, Asked(1))
    world.trouble = trouble
    await answers.show(job(asked), card("running"), None)
    assert not await answers.replace(job(asked), "It failed.")


async def test_old_answers_and_too_many_are_dropped(world: Discord) -> None:
    remembered = RememberedTokens(moment=world.moment)
    answers = PrivateAnswers(tokens=remembered, edit=world.edit, moment=world.moment)
    first = await accept(answers, Asked(1))
    for number in range(2, MOST + 2):
        await accept(answers, Asked(number))
    assert not await answers.replace(job(first), "It failed.")
    world.now += LIFE
    await accept(answers, Asked(MOST + 2, created_at=world.now))
    assert len(remembered._tokens) == 1  # noqa: SLF001 (a leak shows nowhere else)


def test_the_patience_with_a_command_ends_before_its_answer_dies() -> None:
    assert LIFE + timedelta(seconds=private_answers.PATIENCE) < timedelta(minutes=15)


async def test_a_card_from_before_the_answer_is_shown_after_it(answers: PrivateAnswers, world: Discord) -> None:
    asked = Asked(1)
    async with keep(answers, asked):
        await answers.show(job(asked), card("waiting"), None)
        await answers.show(job(asked), card("starting"), None)
        assert world.of(asked) == []
    await answers.show_early_card("1")
    await answers.show_early_card("1")
    assert world.titles(asked) == ["starting"]
    assert "content" not in world.of(asked)[0]


async def test_a_newer_card_makes_the_early_one_out_of_date(answers: PrivateAnswers, world: Discord) -> None:
    asked = Asked(1)
    async with keep(answers, asked):
        await answers.show(job(asked), card("waiting"), None)
    await answers.show(job(asked), card("running"), None)
    await answers.show_early_card("1")
    assert world.titles(asked) == ["running"]


async def test_the_button_that_takes_a_job_back_goes_once_the_service_has_been_asked(
    answers: PrivateAnswers, world: Discord
) -> None:
    asked, other = Asked(1), await accept(answers, Asked(2))
    async with keep(answers, asked):
        answers.offers("1")
        await answers.withdraw_offer(job(asked))
        assert world.of(asked) == []  # the command's own answer comes first
    for each in (asked, asked, other):
        await answers.withdraw_offer(job(each))
    assert world.of(asked) == [{"view": None}]
    assert world.of(other) == []


async def test_after_the_answer_s_life_and_where_none_is_known_nothing_is_tried(
    answers: PrivateAnswers, world: Discord
) -> None:
    asked = Asked(1)
    await answers.show(job(asked), card("running"), None)
    await accept(answers, asked)
    world.now += LIFE
    await answers.show(job(asked), card("running"), None)
    assert world.of(asked) == []


async def test_a_command_that_failed_has_no_card(answers: PrivateAnswers, world: Discord) -> None:
    asked = Asked(1)

    async def command() -> None:
        async with keep(answers, asked):
            await answers.show(job(asked), card("waiting"), None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await command()
    await answers.show_early_card("1")
    await answers.show(job(asked), card("running"), None)
    assert world.of(asked) == []


# --- several processes


@dataclass
class Processes:
    """Two processes on one database, the one that is asked and the one that works, under one Discord."""

    world: Discord
    store: PrivateAnswerStore
    database: SQLiteDatabase
    others: bool = True

    def __post_init__(self) -> None:
        self.asked, self.works = self.another(), self.another()

    def another(self, *, bot: str = "one") -> PrivateAnswers:
        tokens = SharedTokens(self.store, seal=Seal(bot), moment=self.world.moment, others=lambda: self.others)
        return PrivateAnswers(tokens=tokens, edit=self.world.edit, moment=self.world.moment)

    async def sealed(self) -> list[str]:
        rows = await self.database.transact(lambda tx: tx.all("SELECT sealed FROM private_answers"))
        return [row["sealed"] for row in rows]


@pytest.fixture
async def processes(world: Discord, tmp_path: Path) -> AsyncIterator[Processes]:
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as database:
        await migrate(database, now=NOW)
        yield Processes(world, PrivateAnswerStore(database), database)


async def test_the_process_that_ends_a_job_says_so_in_the_answer_of_the_one_that_was_asked(
    processes: Processes,
) -> None:
    asked = await accept(processes.asked, Asked(1))
    await processes.works.show(job(asked), card("running"), None)
    assert await processes.works.replace(job(asked), "It failed.")
    assert not await processes.asked.replace(job(asked), "It failed.")
    assert [edit.get("content") for edit in processes.world.of(asked)] == [None, "It failed."]
    assert await processes.sealed() == []


async def test_the_command_has_its_own_say_first_in_whichever_process(processes: Processes) -> None:
    asked = Asked(1)
    async with keep(processes.asked, asked):
        replacing = asyncio.create_task(processes.works.replace(job(asked, asked_at=NOW), "It failed."))
        await asyncio.sleep(0.05)
        assert processes.world.of(asked) == []
    assert await replacing
    assert len(processes.world.of(asked)) == 1


async def test_an_answer_that_was_never_given_is_looked_for_only_while_it_may_come(processes: Processes) -> None:
    replacing = asyncio.create_task(processes.works.replace(job(Asked(1), asked_at=NOW), "It failed."))
    await asyncio.sleep(0.05)
    assert not replacing.done()
    processes.world.now += timedelta(seconds=private_answers.PATIENCE)
    assert not await replacing


async def test_an_answer_that_only_a_dead_process_could_give_is_not_waited_for(processes: Processes) -> None:
    replacing = asyncio.create_task(processes.works.replace(job(Asked(1), asked_at=NOW), "It failed."))
    await asyncio.sleep(0.05)
    assert not replacing.done()
    processes.others = False
    async with asyncio.timeout(60):
        assert not await replacing


async def test_a_copy_of_the_database_opens_no_answer(processes: Processes) -> None:
    asked = await accept(processes.asked, Asked(1))
    (sealed,) = await processes.sealed()
    assert asked.token not in sealed
    assert asked.token.encode() not in base64.b64decode(sealed)
    stranger = processes.another(bot="another")
    await stranger.show(job(asked), card("running"), None)
    assert processes.world.of(asked) == []
    sealed = Seal("secret").close("42:token", about="1")
    assert Seal("secret").open(sealed, about="1") == "42:token"
    assert Seal("secret").open(sealed, about="2") is None
    assert Seal("secret").open("no seal", about="1") is None
    assert sealed != Seal("secret").close("42:token", about="1")


async def test_what_can_be_edited_no_more_is_forgotten(processes: Processes) -> None:
    await accept(processes.asked, Asked(1))
    assert await processes.store.forget(now=NOW) == 0
    assert await processes.store.forget(now=NOW + LIFE) == 1


async def test_a_database_that_refuses_stops_nothing(processes: Processes, world: Discord) -> None:
    await processes.database.__aexit__(None, None, None)
    asked = await accept(processes.asked, Asked(1))
    await processes.works.show(job(asked), card("running"), None)
    assert not await processes.works.replace(job(asked), "It failed.")
    assert world.of(asked) == []


async def test_offers_that_other_processes_end_do_not_pile_up(answers: PrivateAnswers, world: Discord) -> None:
    first, second = await accept(answers, Asked(1)), await accept(answers, Asked(2))
    for key in ("1", *(f"theirs-{number}" for number in range(MOST - 1)), "2"):
        answers.offers(key)
    for asked in (first, second):
        await answers.withdraw_offer(job(asked))
    assert (world.of(first), world.of(second)) == ([], [{"view": None}])
