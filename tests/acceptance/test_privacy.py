"""`/privacy`: what is kept can be read, had and deleted, and afterwards it is nowhere."""

import json
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from bot.locale import privacy_text, words
from tests.acceptance.controls import control
from tests.acceptance.people import Json, text_of
from tests.acceptance.stage import PROMPT, SMALL, Stage

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
POINTS: Final = tuple(
    f"{when} DeletionStore.{step}" for step in ("ask", "clear", "forget") for when in ("before", "after")
)
SECRET: Final = "a walrus that nobody may know of"


async def deletes(stage: Stage, *, user: str = "ana", **options: Any) -> str:
    """Type the command, press the button, and give the answer."""
    people = stage.people
    asked = await people.types("privacy delete", user=user, **options)
    message = await people.answered(asked)
    await people.presses(message, control(message, words()("privacy.button.delete")), user=user)

    async def done() -> str | None:
        content = str((await people.interaction(asked))["current"]["content"])
        return content if content == words()("privacy.deleted") else None

    return await people.until(done, what="the deletion")


async def gone(stage: Stage) -> None:
    """Wait until no job is left."""

    async def none() -> bool:
        return not stage.books.jobs()

    await stage.people.until(none, what="the end of every row")


def traces(stage: Stage, *needles: str) -> list[str]:
    """The files of the bot's data folder, its database above all, in which one of these stands."""
    return [
        f"{needle} in {file.name}"
        for file in stage.data.rglob("*")
        if file.is_file()
        for needle in needles
        if needle.encode() in file.read_bytes()
    ]


async def received(stage: Stage, message: Json) -> dict[str, Any]:
    """The JSON that is attached to a message."""
    (attachment,) = message["attachments"]
    found: dict[str, Any] = json.loads(await stage.people.fetch(attachment["url"]))
    return found


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_policy_says_how_long_this_bot_keeps_things(stage: Stage, locale: str) -> None:
    async with stage.bot(keep_prompts_days=77, keep_files_days=0, left_guild_days=5):
        shown = await stage.people.answered(await stage.people.types("privacy policy", locale=locale))
    say, (embed,) = words(locale), shown["embeds"]
    spans = {"texts": say("privacy.days", n=77), "files": say("privacy.for_ever"), "guilds": say("privacy.days", n=5)}
    assert embed["description"] == privacy_text(locale).format(**spans)
    assert "visible_to" in shown


async def test_the_operators_own_policy_is_read_whenever_somebody_asks(stage: Stage) -> None:
    people, file = stage.people, stage.folder / "privacy.md"
    file.write_text("We keep **nothing**.")
    (stage.folder / "privacy.zh-CN.md").write_text("什么都不留。", encoding="utf-8")
    async with stage.bot(privacy_file=file):
        shown = await people.answered(await people.types("privacy policy"))
        assert shown["embeds"][0]["description"] == "We keep **nothing**."
        shown = await people.answered(await people.types("privacy policy", locale="zh-CN"))
        assert shown["embeds"][0]["description"] == "什么都不留。"
        file.write_text("Long. " * 2000)
        shown = await people.answered(await people.types("privacy policy"))
        assert len(shown["embeds"][0]["description"]) <= 4096
        assert (await people.fetch(shown["attachments"][0]["url"])).decode() == ("Long. " * 2000).strip()
        file.unlink()
        shown = await people.answered(await people.types("privacy policy"))
        assert shown["embeds"][0]["description"].startswith(privacy_text("en-US")[:40])


async def test_an_export_has_everything_and_nothing_of_others(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", **SMALL)
        await people.types("video create", user="ben", **{**SMALL, "prompt": SECRET})
        await stage.rest()
        await people.answered(await people.types("preset save", also={"name": "mine", "prompt": "a snail"}))
        shown = await people.answered(await people.types("privacy export"))
        assert "visible_to" in shown
        export = await received(stage, shown)
    held = export["held"]
    assert export["user_id"] == int(stage.id_of("users", "ana"))
    assert [job["request"]["prompt"] for job in held["jobs"]] == [PROMPT]
    assert [preset["name"] for preset in held["presets"]] == ["mine"]
    assert [line["kind"] for line in held["ledger"]] == ["hold", "settle"]
    assert SECRET not in json.dumps(export)
    assert stage.id_of("users", "ben") not in json.dumps(export)


async def test_an_export_comes_by_direct_message_where_it_can(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        sent = await people.types("privacy export", by_dm=True)
        assert await people.answer(sent) == words()("privacy.export.sent")
        (message,) = await people.messages("dm")
        assert "jobs" in (await received(stage, message))["held"]
        await people.turn(user="ana", dms_open=False)
        refused = await people.answer(await people.types("privacy export", by_dm=True))
    assert words()("error.direct_messages_closed").split("\n")[0] in refused


async def test_deleting_leaves_nothing_in_any_file(stage: Stage) -> None:
    people, ana = stage.people, stage.id_of("users", "ana")
    async with stage.bot():
        await people.types("video create", **{**SMALL, "prompt": SECRET})
        await people.result()
        await people.answered(await people.types("preset save", also={"name": "mine", "prompt": SECRET}))
        await people.answered(await people.types("video studio", prompt=SECRET))
        await people.answered(await people.types("video create", user="ben", **SMALL))
        await stage.rest()
        await deletes(stage)

        async def only_bens() -> bool:
            return len(stage.books.jobs()) == 1

        await people.until(only_bens, what="the end of ana's rows")
        kept = await people.results()
        assert len(kept) == 2, "what was posted stays"
        refused = await people.answer(await people.presses(kept[0], control(kept[0], "Again")))
        assert words()("error.result_forgotten") in refused
    assert traces(stage, SECRET) == []
    # Until the day is over her account keeps her name, and so does the wish itself.
    assert set(tables_with(stage, ana)) == {"accounts", "ledger", "deletions"}
    stage.books.check()


def tables_with(stage: Stage, needle: str) -> list[str]:
    """The tables in which something stands."""
    names = [row["name"] for row in stage.books.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        name
        for name in names
        if any(needle in str(value) for row in stage.books.rows(f"SELECT * FROM {name}") for value in row.values())  # noqa: S608 (names of the schema)
    ]


async def test_messages_go_too_where_that_is_asked_for(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", **SMALL)
        await people.result()
        await people.answered(await people.types("video create", user="ben", **SMALL))
        await stage.rest()
        await deletes(stage, messages=True)

        async def only_bens() -> bool:
            return len(stage.books.jobs()) == 1

        await people.until(only_bens, what="the end of ana's rows")
    assert len(await people.results()) == len(await people.cards()) == 1


async def test_what_is_being_made_is_charged_and_what_waits_is_given_back(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck")  # or it might be ready before all is deleted
    async with stage.bot(running_per_user=1):
        for _ in range(2):
            await people.types("video create", **SMALL)

        async def two() -> bool:
            return sorted(job["status"] for job in stage.books.jobs()) == ["queued", "running"]

        await people.until(two, what="one job at work and one that waits")
        await deletes(stage)
        await people.until(_cards_say_so(stage), what="closed cards")
    assert stage.books.balances() == (0, 3)
    assert await people.results() == []


def _cards_say_so(stage: Stage) -> Any:
    async def closed() -> bool:
        say = words()
        said = "".join([text_of(card) for card in await stage.people.cards()])
        return say("failed.abandoned") in said and say("card.cancelled.text") in said

    return closed


@pytest.mark.parametrize("point", POINTS)
async def test_a_deletion_goes_on_after_a_crash(stage: Stage, point: str) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", **{**SMALL, "prompt": SECRET})
        await stage.rest()
        message = await people.answered(await people.types("privacy delete", messages=True))
    async with stage.process(arguments=[CRASHING, str(stage.folder / "points"), point]) as process:
        await people.online()
        await people.presses(message, control(message, words()("privacy.button.delete")))

        async def dead() -> bool:
            return process.returncode is not None

        await people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL
    async with stage.bot():
        if point == "before DeletionStore.ask":  # the wish was not heard, and its person has to say it again
            await deletes(stage, messages=True)
        await gone(stage)
    assert await people.results() + await people.cards() == []
    assert traces(stage, SECRET) == []
    stage.books.check()
