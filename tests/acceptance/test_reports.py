"""Reports: anybody reports a video, the moderators delete it, block its author, or dismiss the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.moderators import ADMIN, button, case, checks
from tests.acceptance.stage import SMALL

if TYPE_CHECKING:
    from tests.acceptance.people import Json
    from tests.acceptance.stage import Stage


async def posted(stage: Stage, **options: object) -> Json:
    await stage.people.types("video create", **{**SMALL, **options})
    message = await stage.people.result()
    await stage.rest()
    return message


async def reports(stage: Stage, message: Json, reason: str, *, user: str = "ben") -> None:
    (ident,) = [
        each["custom_id"]
        for row in message["components"]
        for each in row["components"]
        if ":report:" in each["custom_id"]
    ]
    opened = await stage.people.presses(message, ident, user=user)
    await stage.people.form(opened)
    assert "passed on" in await stage.people.answer(await stage.people.submits(opened, user=user, reason=reason))


async def presses(stage: Stage, message: Json, verb: str, *, user: str = ADMIN) -> str:
    return await stage.people.answer(await stage.people.presses(message, button(message, verb), user=user))


async def test_a_reported_video_is_deleted_after_a_restart(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage)
        message = await posted(stage)
        await reports(stage, message, "@everyone **look**")
        held = await case(stage, "Somebody reports a video")
        assert f"/{message['id']}" in held["content"]
        assert "@everyone" not in held["content"]
    async with stage.bot():
        assert "Manage Messages" in await presses(stage, held, "delete", user="ben")
        assert "deleted" in await presses(stage, held, "delete")
        await case(stage, "Deleted by")
    assert await stage.people.results() == []
    assert [row["action"] for row in stage.books.rows("SELECT * FROM audit ORDER BY at")][-1] == "report_removed"


async def test_the_same_person_reports_a_video_once(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage)
        message = await posted(stage)
        for user in ("ben", "ben", "owner"):
            await reports(stage, message, "look", user=user)
        await case(stage)
    assert len(stage.books.rows("SELECT * FROM cases")) == 2


async def test_a_report_leads_to_a_block_and_is_dismissed(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage)
        message = await posted(stage)
        await reports(stage, message, "look")
        held = await case(stage)
        opened = await stage.people.presses(held, button(held, "block"), user=ADMIN)
        await stage.people.form(opened)
        unclear = await stage.people.answer(await stage.people.submits(opened, user=ADMIN, hours="soon"))
        assert "Nothing has changed" in unclear
        opened = await stage.people.presses(held, button(held, "block"), user=ADMIN)
        await stage.people.form(opened)
        done = await stage.people.answer(await stage.people.submits(opened, user=ADMIN, hours="2", reason="gore"))
        assert "can't ask for videos" in done
        refused = await stage.people.answer(await stage.people.types("video create", **SMALL))
        assert "gore" in refused
        assert "Dismissed" in await presses(stage, held, "dismiss")
        await case(stage, "Dismissed by")
    assert len(await stage.people.results()) == 1
