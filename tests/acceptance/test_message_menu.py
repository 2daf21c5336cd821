"""The menu of a message: its text becomes the prompt of a form."""

from typing import Final

import pytest

from tests.acceptance.controls import control, fields, label_of
from tests.acceptance.system import PROMPT, System

ENTRY: Final = "Make a video of this"


async def test_a_messages_text_becomes_the_prompt_unchanged(system: System) -> None:
    people, text = system.people, f"**{PROMPT}** @everyone `code` <https://example.org>"
    said = await people.says(text, user="ben")
    async with system.bot():
        sent = await people.uses(ENTRY, said)
        form = await people.form(sent)
        assert form["title"] == ENTRY
        assert fields(form)["prompt"] == text
        assert (fields(form)["quality"], fields(form)["aspect"]) == (["kirin_v3_t2v std"], ["16:9"])
        seen = await people.answered(await people.submits(sent, duration=["3"], aspect=["1:1"]))
        assert system.database.jobs() == [], "no price had been seen"
        assert "Make it · 3 credits" in label_of(seen, ":again")
        await people.presses(seen, control(seen, ":again"))
        result = await people.result()
        assert "1:1 · 3 seconds" in result["content"]
        assert result["mention_everyone"] is False
        await system.rest()


async def test_the_form_knows_the_defaults_and_lives_on_after_a_restart(system: System) -> None:
    people = system.people
    said = await people.says(PROMPT, user="ben")
    async with system.bot():
        message = await people.answered(await people.types("settings"))
        await people.edited(await people.presses(message, control(message, ":mode"), "pro"))
        sent = await people.uses(ENTRY, said, locale="zh-CN")
        form = await people.form(sent)
        assert fields(form)["quality"] == ["kirin_v3_t2v pro"]
        names = [label["label"] for label in form["components"]]
        assert names == ["提示词", "模型和画质", "画幅", "时长", "声音和运镜"]
    async with system.bot():
        seen = await people.answered(await people.submits(sent, duration=["3"], extras=["sound"], locale="zh-CN"))
        assert "确认生成 · 6 点额度" in label_of(seen, ":again")
        await people.presses(seen, control(seen, ":again"), locale="zh-CN")
        assert "pro · 16:9 · 3 seconds · sound" in (await people.result())["content"]
        await system.rest()


@pytest.mark.parametrize("length", [2600, 3900])
async def test_a_text_that_is_too_long_is_explained_and_kept(system: System, length: int) -> None:
    people = system.people
    async with system.bot():
        refusal = await people.answered(await people.types("video create", prompt="x" * length))
        assert f"{length} characters long; the limit is 2500" in refusal["content"]
        sent = await people.presses(refusal, control(refusal, "Edit & retry"))
        assert fields(await people.form(sent))["prompt"] == "x" * length
        refusal = await people.answered(await people.submits(sent, duration=["4"]))
        assert f"{length} characters long; the limit is 2500" in refusal["content"]
        sent = await people.presses(refusal, control(refusal, "Edit & retry"))
        assert fields(await people.form(sent)) == {
            "prompt": "x" * length,
            "quality": ["kirin_v3_t2v std"],
            "aspect": ["16:9"],
            "duration": ["4"],
            "extras": [],
        }
    assert system.database.entries() == []


async def test_of_a_video_of_the_bots_the_prompt_is_taken(system: System) -> None:
    people = system.people
    prompt = f"{PROMPT}, *slowly*"
    async with system.bot():
        await people.types("video create", prompt=prompt, duration=3)
        result = await people.result()
        await system.rest()
        assert fields(await people.form(await people.uses(ENTRY, result, user="ben")))["prompt"] == prompt


async def test_of_a_video_whose_records_one_may_not_see_the_message_is_taken(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", prompt=PROMPT, duration=3)
        await people.answer(await people.chooses(await people.result(), "dm", user="ben"))
        (copy,) = await people.results("dm", user="ben")
        assert PROMPT in fields(await people.form(await people.uses(ENTRY, copy, user="ben", channel="dm")))["prompt"]
        await system.rest()


async def test_a_message_without_text_is_refused_in_words(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.fault("kirin", "stuck")
        await people.types("video create", prompt=PROMPT, duration=3)
        await people.card("Making the video")
        (card,) = await people.cards()
        assert card["content"] == ""
        answer = await people.answer(await people.uses(ENTRY, card))
        assert "no text to make a video of" in answer
