"""`/privacy`: what is kept can be read, had and deleted, and afterwards it is nowhere."""

import json
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from bot.locale import locales, privacy_text, words
from tests.acceptance.controls import control
from tests.acceptance.people import Json, text_of
from tests.acceptance.system import PROMPT, SMALL, System

CRASHING: Final = str(Path(__file__).with_name("crashing.py"))
POINTS: Final = tuple(
    f"{when} DeletionStore.{step}" for step in ("ask", "clear", "forget") for when in ("before", "after")
)
SECRET: Final = "a walrus that nobody may know of"


async def deletes(system: System, *, user: str = "ana", **options: Any) -> str:
    """Type the command, press the button, and give the answer."""
    people = system.people
    asked = await people.types("privacy delete", user=user, **options)
    message = await people.answered(asked)
    await people.presses(message, control(message, words()("privacy.button.delete")), user=user)

    async def done() -> str | None:
        content = str((await people.interaction(asked))["current"]["content"])
        return content if content == words()("privacy.deleted") else None

    return await people.until(done, what="the deletion")


async def until_gone(system: System) -> None:
    """Wait until no job is left."""

    async def none() -> bool:
        return not system.database.jobs()

    await system.people.until(none, what="the end of every row")


def traces(system: System, *needles: str) -> list[str]:
    """The files of the bot's data folder, its database above all, in which one of these stands."""
    return [
        f"{needle} in {file.name}"
        for file in system.data.rglob("*")
        if file.is_file()
        for needle in needles
        if needle.encode() in file.read_bytes()
    ]


async def received(system: System, message: Json) -> dict[str, Any]:
    """The JSON that is attached to a message."""
    (attachment,) = message["attachments"]
    found: dict[str, Any] = json.loads(await system.people.fetch(attachment["url"]))
    return found


@pytest.mark.parametrize("locale", locales())
async def test_the_policy_says_how_long_this_bot_keeps_things(system: System, locale: str) -> None:
    async with system.bot(keep_prompts_days=77, keep_files_days=0, left_guild_days=5):
        shown = await system.people.answered(await system.people.types("privacy policy", locale=locale))
    say, (embed,) = words(locale), shown["embeds"]
    spans = {"texts": say("privacy.days", n=77), "files": say("privacy.for_ever"), "guilds": say("privacy.days", n=5)}
    assert embed["description"] == privacy_text(locale).format(**spans)
    assert "visible_to" in shown


async def test_the_operators_own_policy_is_read_whenever_somebody_asks(system: System) -> None:
    people, file = system.people, system.folder / "privacy.md"
    file.write_text("We keep **nothing**.")
    (system.folder / "privacy.zh-CN.md").write_text("什么都不留。", encoding="utf-8")
    async with system.bot(privacy_file=file):
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


async def test_an_export_has_everything_and_nothing_of_others(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        await people.types("video create", user="ben", **{**SMALL, "prompt": SECRET})
        await system.rest()
        await people.answered(await people.types("preset save", also={"name": "mine", "prompt": "a snail"}))
        shown = await people.answered(await people.types("privacy export"))
        assert "visible_to" in shown
        export = await received(system, shown)
    held = export["held"]
    assert export["user_id"] == int(system.id_of("users", "ana"))
    assert [job["request"]["prompt"] for job in held["jobs"]] == [PROMPT]
    assert [preset["name"] for preset in held["presets"]] == ["mine"]
    assert [line["kind"] for line in held["ledger"]] == ["hold", "settle"]
    assert SECRET not in json.dumps(export)
    assert system.id_of("users", "ben") not in json.dumps(export)


async def test_an_export_comes_by_direct_message_where_it_can(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("privacy export", by_dm=True)
        assert await people.answer(sent) == words()("privacy.export.sent")
        (message,) = await people.messages("dm")
        assert "jobs" in (await received(system, message))["held"]
        await people.change_settings(user="ana", dms_open=False)
        refused = await people.answer(await people.types("privacy export", by_dm=True))
    assert words()("error.direct_messages_closed").split("\n")[0] in refused


async def test_deleting_leaves_nothing_in_any_file(system: System) -> None:
    people, ana = system.people, system.id_of("users", "ana")
    async with system.bot():
        await people.types("video create", **{**SMALL, "prompt": SECRET})
        await people.result()
        await people.answered(await people.types("preset save", also={"name": "mine", "prompt": SECRET}))
        await people.answered(await people.types("video studio", prompt=SECRET))
        await people.answered(await people.types("video create", user="ben", **SMALL))
        await system.rest()
        await deletes(system)

        async def only_bens() -> bool:
            return len(system.database.jobs()) == 1

        await people.until(only_bens, what="the end of ana's rows")
        kept = await people.results()
        assert len(kept) == 2, "what was posted stays"
        refused = await people.answer(await people.presses(kept[0], control(kept[0], "Again")))
        assert words()("error.result_forgotten") in refused
    assert traces(system, SECRET) == []
    # Until the day is over her account keeps her name, and so does the request to delete.
    assert set(tables_with(system, ana)) == {"accounts", "ledger", "deletions"}
    system.database.check()


def tables_with(system: System, needle: str) -> list[str]:
    """The tables in which something stands."""
    return [
        name
        for name in system.database.tables()
        if any(needle in str(value) for row in system.database.rows(f"SELECT * FROM {name}") for value in row.values())  # noqa: S608 (names of the schema)
    ]


async def test_messages_go_too_where_that_is_asked_for(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        await people.result()
        await people.answered(await people.types("video create", user="ben", **SMALL))
        await system.rest()
        await deletes(system, messages=True)

        async def only_bens() -> bool:
            return len(system.database.jobs()) == 1

        await people.until(only_bens, what="the end of ana's rows")
    assert len(await people.messages()) == 1


async def test_what_is_being_made_is_charged_and_what_waits_is_given_back(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")  # or it might be ready before all is deleted
    async with system.bot(running_per_user=1):
        for _ in range(2):
            await people.types("video create", **SMALL)

        async def two() -> bool:
            return sorted(job["status"] for job in system.database.jobs()) == ["queued", "running"]

        await people.until(two, what="one job at work and one that waits")
        await deletes(system)
        await people.until(_cards_say_so(system), what="closed cards")
    assert system.database.balances() == (0, 3)
    assert await people.results() == []


def _cards_say_so(system: System) -> Any:
    async def closed() -> bool:
        say = words()
        said = "".join([text_of(card) for card in await system.people.cards()])
        return say("failed.abandoned") in said and say("card.cancelled.text") in said

    return closed


@pytest.mark.parametrize("point", POINTS)
async def test_a_deletion_goes_on_after_a_crash(system: System, point: str) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **{**SMALL, "prompt": SECRET})
        await system.rest()
        message = await people.answered(await people.types("privacy delete", messages=True))
    async with system.process(arguments=[CRASHING, str(system.folder / "points"), point]) as process:
        await people.online()
        await people.presses(message, control(message, words()("privacy.button.delete")))

        async def dead() -> bool:
            return process.returncode is not None

        await people.until(dead, what=f"the end {point}")
        assert process.returncode == -signal.SIGKILL
    async with system.bot():
        if point == "before DeletionStore.ask":  # the request was not recorded, and its person has to ask again
            await deletes(system, messages=True)
        await until_gone(system)
    assert await people.results() + await people.cards() == []
    assert traces(system, SECRET) == []
    system.database.check()
