"""Nothing that anybody typed is in the log, however much it tells, nor in the record of what admins did."""

from typing import Final

import pytest

from tests.acceptance.controls import control
from tests.acceptance.system import SMALL, System

SECRET: Final = "a walrus that nobody may read of"
OTHER: Final = "a gnu that should not be seen"
TYPED: Final = "a yak in a form"


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_line_of_the_log_has_what_was_typed(system: System, log_format: str) -> None:
    people, options = system.people, {**SMALL, "prompt": SECRET, "negative": OTHER}
    async with system.process(log_level="DEBUG", log_format=log_format, daily_credits=10):
        await people.online()
        await people.types("video create", **options)  # becomes a video
        result = await people.result()
        await system.rest()
        await people.presses(result, control(result, "Again"))  # once more, and the service refuses it
        await people.fault("kirin", "task_failed", code="006001099")
        await people.answered(await people.types("video create", **{**options, "duration": 15}))  # above what is left
        await people.answered(await people.types("video create", **{**options, "model": "kling-v1", "duration": 4}))
        opened = await people.presses(result, control(result, "Edit"))
        await people.form(opened)
        await people.answered(await people.submits(opened, prompt=TYPED, duration=["7"]))
        await people.answered(await people.types("video studio", prompt=SECRET))
        await people.answered(await people.types("video storyboard", script=f"1. 2s {SECRET}"))
        await people.answered(await people.types("preset save", also={"name": "mine", "prompt": SECRET}))
        opened = await people.chooses(result, "report", user="ben")
        await people.form(opened)
        await people.answered(await people.submits(opened, user="ben", reason=TYPED))
        opened = await people.types("feedback")
        await people.form(opened)
        await people.answered(await people.submits(opened, text=TYPED))
        await people.answered(await people.types("privacy export"))
        await people.permissions("general", deny=["SEND_MESSAGES"])
        await people.answered(await people.types("video create", **options))  # where it may not post
        await people.answered(await people.types("admin block", user="admin", member="ben", reason="noise"))
        await system.rest()
    lines = (system.folder / "bot.log").read_text().splitlines()
    assert any("submitted" in line for line in lines), "it tells what happened"
    assert [line for line in lines if any(typed in line for typed in (SECRET, OTHER, TYPED))] == []
    audit = str(system.database.rows("SELECT * FROM audit"))
    assert "noise" in audit
    assert not any(typed in audit for typed in (SECRET, OTHER, TYPED))
