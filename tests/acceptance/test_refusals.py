"""What cannot be done is refused privately and in words; nobody's balance moves and no provider hears of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from bot.app import Wraps
from bot.locale import words
from tests.acceptance.stage import PROMPT, SMALL

if TYPE_CHECKING:
    from bot.store.database import Database
    from tests.acceptance.people import Json
    from tests.acceptance.stage import Stage

SAY: Final = words()
IMPOSSIBLE: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "an empty prompt": ({"prompt": ""}, ["prompt is empty"]),
    "a blank prompt": ({"prompt": "  \t "}, ["prompt is empty"]),
    "too short": ({"duration": 0}, ["0 seconds"]),
    "a length below zero": ({"duration": -5}, ["-5 seconds"]),
    "too long": ({"duration": 16}, ["16 seconds", "3-15", "kirin_v3_t2v · standard · 16:9 · 15 seconds"]),
    "a camera that the model lacks": ({"model": "kirin_v3_t2v", "camera": "zoom"}, ["camera", "kling-v1"]),
    "a cfg that the model lacks": ({"model": "kirin_v3_t2v", "cfg": 0.5}, ["`cfg`", "kling-v1"]),
    "sound that the model lacks": ({"model": "kling-v1", "sound": True}, ["sound", "kirin_v3_t2v"]),
    "two camera axes": ({"model": "kling-v1", "camera": "zoom+pan"}, ["one axis", "pan, zoom"]),
    "a camera that does not exist": ({"model": "kling-v1", "camera": "crane"}, ['"crane"']),
    "a strength without a camera": ({"strength": 3}, ["`strength`", "`camera`"]),
    "a strength out of range": ({"model": "kling-v1", "camera": "zoom", "strength": 11}, ["-10", "10"]),
    "a cfg out of range": ({"model": "kling-v1", "cfg": 1.5}, ["0 to 1"]),
    "everything at once": ({"prompt": " ", "duration": 0, "cfg": 7}, ["prompt is empty", "0 seconds", "0 to 1"]),
}


@dataclass
class Kept:
    """The bot's own connection to its database, for a test to put a limit on."""

    database: Database | None = None

    def wrap(self, inner: Database) -> Database:
        self.database = inner
        return inner

    async def pages(self, most: int) -> None:
        """Let the database file grow to so many pages and no further, as a full disk does."""
        assert self.database is not None
        await self.database.transact(lambda tx: tx.one(f"PRAGMA max_page_count = {most}"))


async def refused(stage: Stage, *words: str, channel: str = "general", **options: Any) -> Json:
    """Ask for a video, and be refused with these words and no harm done; the private answer."""
    people, before = stage.people, await _standing(stage, channel)
    sent = await people.types("video create", channel=channel, **options)
    message = await people.answered(sent)
    said = message["content"].casefold()
    assert [each for each in (*words, "reference ") if each.casefold() not in said] == [], said
    assert message["visible_to"] == stage.id_of("users", "ana")
    assert (await people.interaction(sent))["acknowledged"] < 3
    assert await _standing(stage, channel) == before
    return message


async def _standing(stage: Stage, channel: str) -> tuple[list[tuple[str, int]], int, int]:
    """What a refusal must not change: the ledger, the number of tasks, and of messages in the channel."""
    return stage.books.entries(), len(await stage.people.tasks()), len(await stage.people.messages(channel))


@pytest.mark.parametrize("case", IMPOSSIBLE)
async def test_what_is_impossible_is_refused_and_what_was_typed_is_kept(stage: Stage, case: str) -> None:
    options, words = IMPOSSIBLE[case]
    async with stage.bot():
        message = await refused(stage, "Nothing was taken", *words, **{"prompt": PROMPT, **options})
    typed = message["content"].partition("What you typed")[2]
    assert "/video create" in typed
    assert all(f"{name}:{value}" in typed for name, value in options.items())


@pytest.mark.parametrize("length", [2501, 6000])
async def test_a_prompt_that_is_too_long_comes_back_in_a_file(stage: Stage, length: int) -> None:
    prompt = "boat " * (length // 5) + "s" * (length % 5)
    async with stage.bot():
        message = await refused(stage, str(length), "2500", prompt=prompt)
        (attachment,) = message["attachments"]
        content = await stage.people.fetch(attachment["url"])
    assert f"prompt:{prompt}" in content.decode()


async def test_without_quota_the_price_and_the_balance_are_told(stage: Stage) -> None:
    async with stage.bot(daily_credits=4):
        await refused(stage, "5 credits", "4 left", "renew", "prompt:", prompt=PROMPT)


async def test_one_person_may_have_only_so_many_videos_under_way(stage: Stage) -> None:
    await stage.people.fault("kirin", "stuck")
    async with stage.bot(max_jobs_per_user=1):
        await stage.people.types("video create", **SMALL)
        await stage.people.card("Making the video")
        await refused(stage, "1 video under way", **SMALL)


@pytest.mark.parametrize(("channel", "missing"), [("quiet", "**Send Messages**"), ("no-files", "**Attach Files**")])
async def test_where_the_bot_may_not_post_it_says_what_it_lacks(stage: Stage, channel: str, missing: str) -> None:
    async with stage.bot():
        await refused(stage, "may not post", missing, channel=channel, **SMALL)


async def test_permissions_taken_away_meanwhile_are_noticed(stage: Stage) -> None:
    async with stage.bot():
        await stage.people.permissions("general", deny=["EMBED_LINKS"])
        await refused(stage, "**Embed Links**", **SMALL)


@pytest.mark.parametrize("kind", ["http_500", "reset", "timeout"])
async def test_a_provider_that_is_down_takes_nobody_s_credits(stage: Stage, kind: str) -> None:
    await stage.people.fault("kirin", kind, count=50)
    async with stage.bot():
        await refused(stage, SAY("error.provider_unavailable"), **SMALL)
    await stage.people.fault("kirin", kind, count=0)


async def test_a_wrong_key_is_the_operators_to_hear_of_and_nobody_elses_fault(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.bot(kirin_api_key="sk-wrong", operator_channel_id=stage.id_of("channels", "showcase")):
        for _ in range(2):
            await refused(stage, SAY("error.operator_fault"), **SMALL)
    (alert,) = await stage.people.messages("showcase")
    assert "does not accept this bot's key" in alert["content"]
    assert "the operator has to act" in caplog.messages
    assert "sk-wrong" not in caplog.text


async def test_a_locked_database_refuses_and_the_operator_hears_of_it(stage: Stage) -> None:
    async with stage.bot(operator_channel_id=stage.id_of("channels", "showcase")):
        with closing(sqlite3.connect(stage.books.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await refused(stage, SAY("error.store_unavailable"), **SMALL)
            other.execute("ROLLBACK")
        (alert,) = await stage.people.messages("showcase")
        assert "The database refuses requests" in alert["content"]
        await stage.people.types("video create", **SMALL)
        await stage.people.result()
        await stage.rest()


async def test_a_full_disk_refuses_and_works_again_when_there_is_room(stage: Stage) -> None:
    kept = Kept()
    async with stage.bot(wraps=Wraps(database=kept.wrap)):
        await kept.pages(1)
        await refused(stage, SAY("error.store_unavailable"), **{**SMALL, "prompt": "a boat " * 350})
        await kept.pages(1_000_000)
        await stage.people.types("video create", **SMALL)
        await stage.people.result()
        await stage.rest()


async def test_a_model_that_is_gone_since_the_command_was_shown_is_refused(stage: Stage) -> None:
    async with stage.bot():
        await refused(stage, "no model **kling-v0**", "model:kling-v0", model="kling-v0", **SMALL)
