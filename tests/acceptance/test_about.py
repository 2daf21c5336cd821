"""`/help`, `/about` and `/feedback`."""

import re

import pytest

from bot import __version__
from bot.locale import words
from tests.acceptance.system import SMALL, System
from tests.models import SHIPPED

SAY = words()


async def test_help_says_how_to_begin_and_what_one_has_here(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        await system.rest()
        member = await people.answer(await people.types("help"))
        admin = await people.answer(await people.types("help", user="admin"))
        direct = await people.answer(await people.types("help", channel="dm"))
        chinese = await people.answer(await people.types("help", locale="zh-CN"))
    assert "57 credits" in member
    assert re.search(r"</video create:\d+> and describe", member), "a tap begins to type it"
    assert f"/video create prompt:{SAY('help.prompt')}" in member
    assert "sound, 3–15 s, storyboards; 5 s cost: standard 5, pro 7, standard + sound 8, pro + sound 10" in member
    assert "camera moves, 5 or 10 s; 5 s cost: standard 5, pro 7" in member
    assert SAY("help.admin") not in member + direct
    assert SAY("help.admin") in admin
    assert "You have 60 credits left" in direct
    assert "server" not in direct
    assert "channel" not in direct
    assert "/视频 生成 提示词:一只狐狸" in chinese
    assert re.search(r"</video create:\d+> 生成视频", chinese), "only the English name can be tapped"


async def test_help_says_why_no_video_is_made_here(system: System) -> None:
    people, showcase = system.people, int(system.id_of("channels", "showcase"))
    async with system.bot():
        assert SAY("help.closed") not in await people.answer(await people.types("help"))
        await people.answered(await people.types("admin channels", user="admin", allow="showcase"))
        closed = await people.answer(await people.types("help"))
        assert SAY("help.closed") in closed
        assert f"<#{showcase}>" in closed
        await people.answered(await people.types("admin pause", user="admin", reason="*lunch*"))
        paused = await people.answer(await people.types("help"))
    assert r"\*lunch\*" in paused


async def test_help_has_room_for_what_keeps_videos_from_being_made_however_many_models_there_are(
    system: System,
) -> None:
    people, say = system.people, words("es-ES")
    kling = [name for name, model in SHIPPED.items() if model.provider == "kling"]
    named = ",".join(f"{name}={name} {'x' * 30}"[: len(name) + 41] for name in kling)
    async with system.bot(kling_models=",".join(kling), model_names=named):
        await people.answered(await people.types("admin pause", user="admin", reason="*" * 100))
        told = await people.answer(await people.types("help", user="admin", locale="es-ES"))
    assert say("help.paused", reason=r"\*" * 100) in told
    assert say("help.admin") in told
    assert "Kirin 3" in told


async def test_about_says_what_runs_and_how_the_services_are(system: System) -> None:
    people = system.people
    async with system.bot(source_url="https://git.example/bot"):
        is_told = await people.answer(await people.types("about"))
        assert __version__ in is_told
        assert "second" not in is_told
        assert "https://git.example/bot" in is_told
        assert SAY("about.service", name="kirin", condition=SAY("about.well")) in is_told
    async with system.bot():
        await people.fault("kirin", "http_500", count=20, on=["query", "list", "unknown", "create"])
        is_told = await people.answer(await people.types("about"))
        assert SAY("about.service", name="kirin", condition=SAY("about.down")) in is_told
        assert SAY("about.service", name="kling", condition=SAY("about.well")) in is_told
        assert SAY("about.licence") in is_told
    assert await people.tasks() == [], "asking costs nothing"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_feedback_reaches_the_operator_and_can_mention_nobody(system: System, locale: str) -> None:
    people, say = system.people, words(locale)
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase")):
        opened = await people.types("feedback", locale=locale)
        assert (await people.form(opened))["title"] == say("feedback.title")
        sent = await people.submits(opened, locale=locale, text="More **cats**, @everyone\nplease")
        assert await people.answer(sent) == say("feedback.told")

        async def is_told() -> str | None:
            return next((each["content"] for each in await people.messages("showcase")), None)

        alert = await people.until(is_told, what="the feedback")
    assert "More \\*\\*cats\\*\\*, @\u200beveryone please" in alert
    assert system.id_of("users", "ana") in alert


async def test_feedback_goes_to_the_owner_of_the_application_where_there_is_no_channel(system: System) -> None:
    people = system.people
    async with system.bot():
        opened = await people.types("feedback")
        await people.form(opened)
        assert await people.answer(await people.submits(opened, text="hello")) == SAY("feedback.told")
    assert ["hello" in each["content"] for each in await people.messages("dm", user="owner")] == [True]


async def test_so_much_feedback_a_day(system: System) -> None:
    people = system.people
    async with system.bot():
        for number in range(6):
            opened = await people.types("feedback")
            await people.form(opened)
            answer = await people.answer(await people.submits(opened, text=f"number {number}"))
    assert SAY("error.too_much_feedback", limit=5) in answer
    assert len(system.database.rows("SELECT * FROM feedback")) == 5
