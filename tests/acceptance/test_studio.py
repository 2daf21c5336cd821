"""The guided panel: choices narrow to what fits, the price follows, and it survives a restart."""

from typing import Any

from tests.acceptance.controls import chosen, control, label_of, labels, offers, shown, walk
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, System

PRIMARY = 1  # Discord's style of a button in colour


async def opened(system: System, **options: Any) -> Json:
    return await system.people.answered(await system.people.types("video studio", **options))


async def pressed(system: System, panel: Json, part: str, *values: str) -> Json:
    sent = await system.people.presses(panel, control(panel, part), *values)
    return await system.people.edited(sent)


def pushed(panel: Json, part: str) -> list[str]:
    """The labels of the buttons in colour whose ids have this part."""
    buttons = [each for each in walk(panel["components"]) if part in each.get("custom_id", "") and "label" in each]
    return [each["label"] for each in buttons if each["style"] == PRIMARY]


async def test_choices_narrow_to_what_fits_and_the_price_follows(system: System) -> None:
    async with system.bot():
        panel = await opened(system, prompt=PROMPT)
        assert "5 credits" in shown(panel)
        assert "you have 60 credits" in shown(panel)
        panel = await pressed(system, panel, "mode=pro")
        assert "7 credits" in shown(panel)
        panel = await pressed(system, panel, "duration", "12")
        assert "16 credits" in shown(panel)
        panel = await pressed(system, panel, "camera", "zoom_in")
        assert offers(panel, "model") == ["kling-v1"]
        assert offers(panel, "duration") == ["5"]
        assert "Camera moves need Kling 1, standard, 5 s" in shown(panel)
        assert "Changed to fit: Kling 1, standard, 5 s" in shown(panel)
        assert not any("Pro" in label for label in labels(panel))
        assert "5 credits" in label_of(panel, "generate:5")
    assert system.database.entries() == []


async def test_a_panel_goes_on_after_a_restart_and_makes_one_video_however_often_it_is_pressed(system: System) -> None:
    people = system.people
    async with system.bot():
        panel = await opened(system)
        assert control(panel, "Generate")
        panel = await pressed(system, panel, "aspect=1:1")
    async with system.bot():
        sent = await people.presses(panel, control(panel, "prompt"))
        await people.form(sent)
        panel = await people.edited(await people.submits(sent, prompt=PROMPT, negative="people"))
        assert PROMPT in shown(panel)
        again = await opened(system)
        assert PROMPT in shown(again)
        presses = [await people.presses(again, control(again, "Generate")) for _ in range(2)]
        answers = [await people.answer(sent) for sent in presses]
        await people.result()
        await system.rest()
    assert sum("already asked for this" in answer for answer in answers) == 1
    (task,) = await people.tasks()
    assert "'negative_prompt': 'people'" in str(task)
    assert system.database.entries() == [("hold", 5), ("settle", 5)]


async def test_a_tap_too_many_makes_no_second_video_until_it_says_another(system: System) -> None:
    people = system.people
    async with system.bot():
        panel = await opened(system, prompt=PROMPT)
        state = system.database.rows("SELECT version FROM drafts")

        async def noted() -> bool:
            return system.database.rows("SELECT version FROM drafts") != state

        await people.answered(await people.presses(panel, control(panel, "Generate")))
        await people.until(noted, what="a panel that knows of its video")  # before that it is the same press again
        answered = await people.answered(await people.presses(panel, control(panel, "Generate")))
        assert "a moment ago" in answered["content"]
        assert labels(answered) == ["One more for 5 credits", "Edit & retry"]
        for _ in range(2):
            await people.answer(await people.presses(answered, control(answered, "One more")))
        await system.rest()
    assert len(system.database.jobs()) == 2
    assert system.database.balances() == (0, 10)


async def test_a_panel_whose_button_says_an_old_price_asks_about_the_new_one(system: System) -> None:
    people, prices = system.people, system.price_table(seconds=5, credits_=9)
    async with system.bot():
        panel = await opened(system, prompt=PROMPT)
    async with system.bot(price_table=prices):
        asked = await people.answered(await people.presses(panel, control(panel, "Generate")))
        assert labels(asked)[0] == "Make it for 9 credits"
        for _ in range(2):
            await people.answer(await people.presses(asked, control(asked, "Make it")))
        await people.result()
        await system.rest()
    assert [job["credits"] for job in system.database.jobs()] == [9]


async def test_every_control_does_what_it_says(system: System) -> None:
    people = system.people
    async with system.bot():
        panel = await opened(system, prompt=PROMPT)
        panel = await pressed(system, panel, "model", "kling-v1")
        assert offers(panel, "duration") == ["5", "10"]
        assert not any("Sound" in label for label in labels(panel))
        panel = await pressed(system, panel, "camera", "tilt_down")
        assert pushed(panel, "strength=") == ["Clear"]
        panel = await pressed(system, panel, "strength=strong")
        panel = await pressed(system, panel, "watermark=1")
        panel = await pressed(system, panel, "aspect=9:16")
        panel = await pressed(system, panel, "private=1")
        assert "Watermark: on" in " ".join(labels(panel))
        await people.presses(panel, control(panel, "Generate"))
        result = await people.result("dm")
        assert "Kling 1 · standard · 9:16 · 5 seconds · watermark · strong tilt down" in result["content"]
        panel = await pressed(system, panel, "camera", "-")
        assert "Camera moves need" not in shown(panel)
        panel = await pressed(system, panel, "reset")
        assert "No prompt yet" in shown(panel)
        assert chosen(panel, "model") == ["kirin_v3_t2v"]
        await system.rest()


async def test_what_comes_back_from_last_time_is_said_and_a_tap_begins_anew(system: System) -> None:
    async with system.bot():
        panel = await opened(system)
        assert "Set to:** Kirin 3 · standard · 16:9 · 5 seconds · no sound · posted in this channel" in shown(panel)
        assert {"Write the prompt", "Only to me: off"} <= set(labels(panel))
        assert "From last time" not in shown(await opened(system))
        panel = await opened(system, prompt=PROMPT)
        assert "Write the prompt" not in labels(panel)
        panel = await pressed(system, panel, "camera", "pan_left")
        panel = await pressed(system, panel, "private=1")
        assert "gentle" not in shown(panel)
        assert "clear pan left · sent only to you" in shown(panel)
        panel = await opened(system)
        assert "From last time: your prompt, Kling 1, Pan left, a clear move. “Start fresh” clears it." in shown(panel)
        assert {"Change the prompt", "Start fresh"} <= set(labels(panel))
        other = await opened(system, prompt="A heron")
        assert "From last time: Kling 1, Pan left" in shown(other)
        panel = await pressed(system, other, "reset")
        assert "From last time" not in shown(panel)
        assert "Kirin 3 · standard · 16:9 · 5 seconds · no sound · posted in this channel" in shown(panel)
        assert "From last time" not in shown(await opened(system))


async def test_a_panel_speaks_chinese_and_goes_on_when_its_model_is_gone(system: System) -> None:
    people = system.people
    async with system.bot():
        panel = await opened(system, locale="zh-CN")
        sent = await people.presses(panel, control(panel, "model"), "kling-v1", locale="zh-CN")
        panel = await people.edited(sent)
        sent = await people.presses(panel, control(panel, "camera"), "zoom_in", locale="zh-CN")
        panel = await people.edited(sent)
        assert "运镜只支持 Kling 1、标准、5 秒" in shown(panel)
        assert "还没有提示词" in shown(panel)
    async with system.bot(kling_api_key=""):
        panel = await opened(system)
        assert chosen(panel, "model") == ["kirin_v3_t2v"]
        assert "camera" not in str(panel["components"])


async def test_what_is_wrong_with_a_panel_is_said_beside_it(system: System) -> None:
    people = system.people
    async with system.bot():
        refusal = await opened(system, prompt="x" * 2600)
        assert "2600 characters long; the limit is 2500" in refusal["content"]
        assert "Edit & retry" in labels(refusal)
        panel = await opened(system)
        system.database.forget_drafts()
        for part in ("aspect=1:1", "prompt"):
            sent = await people.presses(panel, control(panel, part))
            told = await people.until(lambda: told_beside(system, sent), what="the refusal")  # noqa: B023 (awaited at once)
            assert "start again" in told["content"]
    assert system.database.entries() == []


async def told_beside(system: System, sent: str) -> Json | None:
    """What the bot says privately about a press without touching the message that was pressed."""
    seen = await system.people.interaction(sent)
    current = seen["current"] if "start again" in str(seen["current"]) else None
    return next(iter(seen["followups"]), current)


async def test_two_devices_may_change_one_panel(system: System) -> None:
    people = system.people
    async with system.bot():
        panel = await opened(system, prompt=PROMPT)
        sent = [await people.presses(panel, control(panel, part)) for part in ("mode=pro", "sound=1", "aspect=1:1")]
        for each in sent:
            await people.edited(each)
        panel = await opened(system)
        assert "10 credits" in label_of(panel, "generate:10")
        assert "Sound: on" in labels(panel)
        (square,) = [each for each in walk(panel["components"]) if each.get("custom_id", "").endswith("aspect=1:1")]
        assert square["style"] == PRIMARY
    assert system.database.entries() == []
