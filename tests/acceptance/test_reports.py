"""Reports: anybody reports a video, the moderators delete it, block its author, or dismiss the report."""

from bot.locale import words
from bot.service.moderation.cases import Heard
from tests.acceptance.moderators import ADMIN, button, case, checks
from tests.acceptance.people import Json
from tests.acceptance.stage import SMALL, Stage

SAY = words()


async def posted(stage: Stage, **options: object) -> Json:
    await stage.people.types("video create", **{**SMALL, **options})
    message = await stage.people.result()
    await stage.rest()
    return message


def reporting(message: Json) -> str:
    """The `custom_id` of the button under a video."""
    buttons = [each["custom_id"] for row in message["components"] for each in row["components"]]
    (found,) = [each for each in buttons if ":report:" in each]
    return str(found)


async def reports(
    stage: Stage, message: Json, reason: str, *, user: str = "ben", heard: Heard = Heard.MODERATORS
) -> None:
    opened = await stage.people.presses(message, reporting(message), user=user)
    await stage.people.form(opened)
    told = await stage.people.answer(await stage.people.submits(opened, user=user, reason=reason))
    assert told == SAY(f"report.{heard}")


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


async def test_everybodys_words_are_with_the_one_case_of_a_video(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage)
        message = await posted(stage)
        await reports(stage, message, "blood " * 80)
        await reports(stage, message, "more blood", heard=Heard.BEFORE)
        await reports(stage, message, "gore " * 99, user="owner")
        await reports(stage, message, "horror " * 70, user="admin")
        held = await case(stage, "1 more; all of them are in the file")
    assert stage.id_of("users", "ben") in held["content"]
    assert [each["filename"] for each in held["attachments"]] == ["reports.txt"]
    assert len(stage.books.rows("SELECT * FROM cases")) == 1


async def test_nobody_reports_their_own_video(stage: Stage) -> None:
    async with stage.bot():
        message = await posted(stage)
        sent = await stage.people.presses(message, reporting(message))
        assert SAY("error.own_report") in await stage.people.answer(sent)


async def test_without_moderators_and_channel_the_owner_of_the_application_is_told(stage: Stage) -> None:
    async with stage.bot():
        message = await posted(stage)
        await reports(stage, message, "blood", heard=Heard.OPERATOR)
        told = await stage.people.messages("dm", user="owner")
        await reports(stage, message, "gore", user="admin", heard=Heard.OPERATOR)
        again = await stage.people.messages("dm", user="owner")
    assert [("blood" in each["content"], each["components"]) for each in told] == [(True, [])]
    assert ["blood" in each["content"] and "gore" in each["content"] for each in again] == [True]


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
