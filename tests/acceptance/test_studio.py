"""The guided panel: choices narrow to what fits, the price follows, and it survives a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.acceptance.controls import control, label_of, labels, offers, shown
from tests.acceptance.stage import PROMPT

if TYPE_CHECKING:
    from tests.acceptance.people import Json
    from tests.acceptance.stage import Stage


async def opened(stage: Stage, **options: Any) -> Json:
    return await stage.people.answered(await stage.people.types("video studio", **options))


async def pressed(stage: Stage, panel: Json, part: str, *values: str) -> Json:
    sent = await stage.people.presses(panel, control(panel, part), *values)
    return await stage.people.answered(sent)


async def test_choices_narrow_to_what_fits_and_the_price_follows(stage: Stage) -> None:
    async with stage.bot():
        panel = await opened(stage, prompt=PROMPT)
        assert "5 credits" in shown(panel)
        assert "you have 60 credits" in shown(panel)
        panel = await pressed(stage, panel, "mode=pro")
        assert "7 credits" in shown(panel)
        panel = await pressed(stage, panel, "duration", "12")
        assert "16 credits" in shown(panel)
        panel = await pressed(stage, panel, "camera", "zoom")
        assert offers(panel, "model") == ["kling-v1"]
        assert offers(panel, "duration") == ["5"]
        assert "Camera moves need kling-v1, standard, 5 s" in shown(panel)
        assert "Changed to fit: kling-v1, standard, 5 s" in shown(panel)
        assert not any("Pro" in label for label in labels(panel))
        assert "5 credits" in label_of(panel, "generate")
    assert stage.books.entries() == []


async def test_a_panel_goes_on_after_a_restart_and_makes_one_video_however_often_it_is_pressed(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        panel = await opened(stage)
        assert control(panel, "generate")
        panel = await pressed(stage, panel, "aspect=1:1")
    async with stage.bot():
        sent = await people.presses(panel, control(panel, "prompt"))
        await people.form(sent)
        panel = await people.answered(await people.submits(sent, prompt=PROMPT, negative="people"))
        assert PROMPT in shown(panel)
        again = await opened(stage)
        assert PROMPT in shown(again)
        presses = [await people.presses(again, control(again, "generate")) for _ in range(2)]
        answers = [await people.answer(sent) for sent in presses]
        await people.result()
        await stage.rest()
    assert sum("asked for this already" in answer for answer in answers) == 1
    (task,) = await people.tasks()
    assert "'negative_prompt': 'people'" in str(task)
    assert stage.books.entries() == [("hold", 5), ("settle", 5)]
