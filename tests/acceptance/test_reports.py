"""Reports: anybody reports a video, the moderators delete it, block its author, or dismiss the report."""

from typing import Final

import pytest

from bot.locale import words
from bot.service.moderation.cases import ReportOutcome
from tests.acceptance.moderators import ADMIN, button, case, set_checks
from tests.acceptance.people import Json, id_of
from tests.acceptance.system import SMALL, System

SAY = words()
COVERED: Final = 1 << 3  # a flag of an attachment
PLACES: Final = ("general", "showcase", "rushes")  # where a video was posted
COVERING: Final = (
    "before ReviewDecisionStore.cover",
    "after ReviewDecisionStore.cover",
    "before CaseStore.note_covered",
    "after CaseStore.note_covered",
)


async def posted(system: System, **options: object) -> Json:
    await system.people.types("video create", **{**SMALL, **options})
    message = await system.people.result()
    await system.rest()
    return message


async def reports(
    system: System, message: Json, reason: str, *, user: str = "ben", heard: ReportOutcome = ReportOutcome.MODERATORS
) -> None:
    opened = await system.people.chooses(message, "report", user=user)
    await system.people.form(opened)
    told = await system.people.answer(await system.people.submits(opened, user=user, reason=reason))
    assert told == SAY(f"report.{heard}")


async def reported(system: System, reason: str = "too bright") -> tuple[Json, Json]:
    """A posted video that somebody reports, and its case."""
    await set_checks(system)
    message = await posted(system)
    await reports(system, message, reason)
    return message, await case(system, "A video was reported")


async def presses(system: System, message: Json, verb: str, *, user: str = ADMIN) -> str:
    return await system.people.answer(await system.people.presses(message, button(message, verb), user=user))


async def test_a_reported_video_is_deleted_after_a_restart(system: System) -> None:
    async with system.bot():
        message, held = await reported(system, "@everyone **look**")
        assert f"/{message['id']}" in held["content"]
        assert "@everyone" not in held["content"]
    async with system.bot():
        assert "Manage Messages" in await presses(system, held, "delete", user="ben")
        assert "deleted" in await presses(system, held, "delete")
        await case(system, "Deleted by")
    assert await system.people.results() == []
    assert [row["action"] for row in system.database.rows("SELECT * FROM audit ORDER BY at")][-1] == "report_removed"


async def test_a_reported_video_is_covered_where_it_stands_and_the_case_stays(system: System) -> None:
    people = system.people
    async with system.bot():
        message, held = await reported(system)
        assert "Manage Messages" in await presses(system, held, "cover", user="ben")
        assert SAY("case.done.covered", n=1) == await presses(system, held, "cover")
        (file,) = (await people.result())["attachments"]
        assert file["flags"] & COVERED
        assert file["filename"] == message["attachments"][0]["filename"]
        assert (await case(system, "A video was reported"))["components"]
    actions = [row["action"] for row in system.database.rows("SELECT * FROM audit ORDER BY at")]
    assert actions[-1] == "report_covered"


async def test_a_cover_is_taken_back_by_a_moderator_while_the_case_is_open_and_when_it_is_dismissed(
    system: System,
) -> None:
    people = system.people

    async def flags() -> int:
        return int((await people.result())["attachments"][0].get("flags", 0))

    async with system.bot():
        _, held = await reported(system)
        await presses(system, held, "cover")
        held = await case(system, "Covered in")
        assert verbs(held) == ["delete", "uncover", "block", "dismiss"]
        assert "Manage Messages" in await presses(system, held, "uncover", user="ben")
        assert await flags() & COVERED
        assert SAY("case.done.uncovered") == await presses(system, held, "uncover")
        assert not await flags() & COVERED
        held = await people.until(lambda: case_with(system, "cover"), what="a case that offers to cover")
        await presses(system, held, "cover")
        await presses(system, await case(system, "Covered in"), "dismiss")
        over = await case(system, "Dismissed")
        assert verbs(over) == ["uncover"]
    async with system.bot():
        assert SAY("case.done.uncovered") == await presses(system, over, "uncover")
        assert not await flags() & COVERED
        await people.until(lambda: case_with(system), what="a case without buttons")
    actions = [row["action"] for row in system.database.rows("SELECT * FROM audit ORDER BY at")]
    assert [each.removeprefix("report_") for each in actions[-5:]] == [
        *("covered", "uncovered", "covered", "dismissed", "uncovered")
    ]


def verbs(message: Json) -> list[str]:
    """What the buttons of a case do, in their order."""
    return [each["custom_id"].split(":")[1] for row in message["components"] for each in row["components"]]


async def case_with(system: System, verb: str = "") -> Json | None:
    """The case, once it has a button that does that; or once it has none."""
    found = await case(system)
    return found if verb in verbs(found) or not (verb or verbs(found)) else None


async def copied(system: System) -> tuple[Json, Json]:
    """A posted video that the gallery and a channel have too, and that somebody reports; and its case."""
    people = system.people
    await set_checks(system)
    await people.answer(await people.types("gallery set", user="owner", also={"channel": "showcase"}, stars=1))
    message = await posted(system)
    job_id = system.database.job()["id"]
    await people.answered(await people.presses(message, f"result:star:{job_id}", user="ben"))
    await people.result("showcase")
    await posts_again(system, channel="rushes")
    await reports(system, message, "too bright")
    return message, await case(system, "A video was reported")


async def posts_again(system: System, *, channel: str) -> Json:
    """Ana posts her video in a channel from her library; the message."""
    people, (job,) = system.people, system.database.jobs()
    opened = await people.answered(await people.types("library", channel=channel, id=job["id"]))
    await people.answer(await people.presses(opened, id_of(opened, "library:send:")))
    return await people.result(channel)


async def covers(system: System) -> int:
    """How many edits have covered something, of messages in channels."""
    edits = [each for each in await system.people.requests() if each["method"] == "PATCH"]
    return sum("is_spoiler" in str(each["body"]) for each in edits)


async def all_covered(system: System) -> bool:
    files = [each["attachments"][0] for place in PLACES for each in await system.people.results(place)]
    return len(files) == len(PLACES) and all(file.get("flags", 0) & COVERED for file in files)


async def test_a_reported_video_is_covered_wherever_it_was_posted_once_each(system: System) -> None:
    async with system.bot():
        _, held = await copied(system)
        assert SAY("case.done.covered", n=3) == await presses(system, held, "cover")
        assert await all_covered(system)
        assert SAY("case.covered", n=3) in (await case(system, "Covered in"))["content"]
        assert await covers(system) == 3
        later = await posts_again(system, channel="thread")
        assert later["attachments"][0]["filename"].startswith("SPOILER_")
        assert SAY("case.done.uncovered") == await presses(system, await case(system, "Covered in"), "uncover")
        assert await plain(system)


async def plain(system: System) -> bool:
    """Whether none of the three messages is covered any more."""
    files = [each["attachments"][0] for place in PLACES for each in await system.people.results(place)]
    return len(files) == len(PLACES) and not any(file.get("flags", 0) & COVERED for file in files)


async def test_a_copy_that_somebody_had_sent_to_them_is_covered_and_uncovered_with_the_video(system: System) -> None:
    people = system.people

    async def flags() -> int:
        (copy,) = await people.results("dm", user="ben")
        return int(copy["attachments"][0].get("flags", 0))

    async with system.bot():
        message, held = await reported(system)
        await people.answer(await people.chooses(message, "dm", user="ben"))
        assert SAY("case.done.covered", n=2) == await presses(system, held, "cover")
        assert await flags() & COVERED
        assert SAY("case.done.uncovered") == await presses(system, await case(system, "Covered in"), "uncover")
        assert not await flags() & COVERED


@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_while_a_cover_is_taken_back_the_video_is_uncovered_all_the_same(
    system: System, side: str
) -> None:
    async with system.bot():
        _, held = await copied(system)
        await presses(system, held, "cover")
        held = await case(system, "Covered in")
    await system.crashes(held, button(held, "uncover"), point=f"{side} ReviewDecisionStore.uncover", user=ADMIN)
    async with system.bot():
        if side == "before":  # the moderator was not told that it was done
            await presses(system, held, "uncover")
        await system.people.until(lambda: plain(system), what="three plain videos")


@pytest.mark.parametrize("point", COVERING)
async def test_killed_while_it_is_covered_a_video_is_covered_all_the_same(system: System, point: str) -> None:
    async with system.bot():
        _, held = await copied(system)
    await system.crashes(held, button(held, "cover"), point=point, user=ADMIN)
    async with system.bot():
        if point.startswith("before ReviewDecisionStore"):  # the moderator was not told that it was done
            await presses(system, held, "cover")
        await system.people.until(lambda: all_covered(system), what="three covered videos")
        assert SAY("case.covered", n=3) in (await case(system, "Covered in"))["content"]
    assert await covers(system) == 3


async def test_a_reported_video_that_is_gone_by_then_is_not_covered(system: System) -> None:
    people = system.people
    async with system.bot():
        message, held = await reported(system)
        asked = await people.answered(await people.chooses(message, "delete"))
        erase = asked["components"][0]["components"][0]["custom_id"]
        await people.answer(await people.presses(asked, erase))
        assert SAY("case.done.removed.before") == await presses(system, held, "cover")


async def test_everybodys_words_are_with_the_one_case_of_a_video(system: System) -> None:
    async with system.bot():
        await set_checks(system)
        message = await posted(system)
        await reports(system, message, "blood " * 80)
        await reports(system, message, "more blood", heard=ReportOutcome.BEFORE)
        await reports(system, message, "gore " * 99, user="owner")
        await reports(system, message, "horror " * 70, user="admin")
        held = await case(system, "1 more; the file has them all")
    assert system.id_of("users", "ben") in held["content"]
    assert [each["filename"] for each in held["attachments"]] == ["reports.txt"]
    assert len(system.database.rows("SELECT * FROM cases")) == 1


async def test_nobody_reports_their_own_video(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        with pytest.raises(ValueError, match="unpack"):  # it is not in their menu
            await system.people.chooses(message, "report")


async def test_without_moderators_and_channel_the_owner_of_the_application_is_told(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        await reports(system, message, "blood", heard=ReportOutcome.OPERATOR)
        told = await system.people.messages("dm", user="owner")
        await reports(system, message, "gore", user="admin", heard=ReportOutcome.OPERATOR)
        again = await system.people.messages("dm", user="owner")
    assert [("blood" in each["content"], each["components"]) for each in told] == [(True, [])]
    assert ["blood" in each["content"] and "gore" in each["content"] for each in again] == [True]


async def test_a_report_leads_to_a_block_and_is_dismissed(system: System) -> None:
    async with system.bot():
        await set_checks(system)
        message = await posted(system)
        await reports(system, message, "look")
        held = await case(system)
        opened = await system.people.presses(held, button(held, "block"), user=ADMIN)
        await system.people.form(opened)
        unclear = await system.people.answer(await system.people.submits(opened, user=ADMIN, hours="soon"))
        assert "Nothing has changed" in unclear
        opened = await system.people.presses(held, button(held, "block"), user=ADMIN)
        await system.people.form(opened)
        done = await system.people.answer(await system.people.submits(opened, user=ADMIN, hours="2", reason="gore"))
        assert "can't make videos" in done
        refused = await system.people.answer(await system.people.types("video create", **SMALL))
        assert "gore" in refused
        assert "Dismissed" in await presses(system, held, "dismiss")
        await case(system, "Dismissed by")
    assert len(await system.people.results()) == 1
