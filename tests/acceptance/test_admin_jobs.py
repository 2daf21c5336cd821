"""`/admin jobs`: admins look through the jobs of their server, take one back, and decide about dead letters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.app import Wraps
from bot.provider.base import VideoProvider
from tests.acceptance.admins import does, everything_in, told
from tests.acceptance.controls import control, labels, walk
from tests.acceptance.outcomes import called_once
from tests.acceptance.people import Json, text_of
from tests.acceptance.stage import PROMPT, SMALL, Stage

DOUBTFUL: dict[str, Any] = {"kirin_find_is_authoritative": "false"}


class Forgetful:
    """A provider that finds no task by its external id until `remember` is set."""

    def __init__(self, inner: VideoProvider, remember: list[bool]) -> None:
        self._inner, self._remember = inner, remember
        self.find_is_authoritative = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(self, external_id: str) -> Any:
        return await self._inner.find(external_id) if self._remember else None


def whole(message: Json) -> str:
    """All that is to be read in a message, the fields of its embeds too."""
    fields = [field for embed in message["embeds"] for field in embed.get("fields", [])]
    return "\n".join([everything_in(message), *(f"{field['name']} {field['value']}" for field in fields)])


async def sees(stage: Stage, name: str, *, user: str = "admin", **options: Any) -> Json:
    """Type a command under `/admin jobs`; its private answer."""
    return await stage.people.answered(await stage.people.types(f"admin jobs {name}", user=user, also=options))


async def decides(stage: Stage, message: Json, part: str, **who: Any) -> str:
    """Press one of a job's buttons; the words of the answer."""
    pressed = await stage.people.presses(message, control(message, part), **{"user": "admin", **who})
    return await stage.people.answer(pressed)


async def dead(stage: Stage, reason: str) -> str:
    """Wait until the only job is a dead letter and at rest; its id."""

    async def buried() -> bool:
        jobs = stage.books.jobs()
        return bool(jobs) and jobs[0]["dead_letter"] == reason and stage.books.resting()

    await stage.people.until(buried, what=f"a job that is {reason}")
    return str(stage.books.job()["id"])


@asynccontextmanager
async def in_doubt(stage: Stage, **settings: Any) -> AsyncIterator[str]:
    """The bot with a job whose submission broke off and never arrived; its id."""
    await stage.people.fault("kirin", "http_500", on=["create"])
    async with stage.bot(**DOUBTFUL, **settings):
        await stage.people.types("video create", **SMALL)
        yield await dead(stage, "outcome_unknown")
        await stage.rest()


@asynccontextmanager
async def undeliverable(stage: Stage, **settings: Any) -> AsyncIterator[str]:
    """The bot with a private video that its author's direct messages did not take; its id."""
    await stage.people.turn(user="ana", dms_open=False)
    async with stage.bot(**settings):
        await stage.people.types("video create", **SMALL, private=True)
        yield await dead(stage, "undeliverable")
        await stage.rest()


def budget(stage: Stage) -> tuple[int, int]:
    """What the server's budget holds, and has been charged."""
    (row,) = stage.books.rows("SELECT held, settled FROM accounts WHERE owner LIKE 'budget:guild:%'")
    return row["held"], row["settled"]


async def test_a_job_in_doubt_is_found_in_the_list_and_submitted_again(stage: Stage) -> None:
    async with in_doubt(stage) as job:
        listed = await sees(stage, "list", which="dead")
        assert job in whole(listed)
        opened = await stage.people.presses(listed, "ajob:open", job, user="admin")
        shown = await stage.people.answered(opened)
        text = whole(shown)
        assert PROMPT in text
        assert "the service charges twice" in text
        assert labels(shown) == ["Look again", "Submit again", "Write off, not charged", "Write off, charged"]
    async with stage.bot(**DOUBTFUL):  # anew: a service rests for a minute after a submission in doubt
        said = await decides(stage, shown, f"retry:{job}")
        assert "attempt 2" in said
        await stage.people.result()
        assert "waits for nobody's decision" in await decides(stage, shown, f"free:{job}")
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]
    assert [task["external_id"] for task in await stage.people.tasks()] == [f"{job}-2"]
    (card,) = await stage.people.cards()
    assert "Done" in text_of(card)


async def test_a_task_that_was_made_after_all_is_found_when_looked_for_again(stage: Stage) -> None:
    remember: list[bool] = []
    await stage.people.fault("kirin", "lost_answer", on=["create"])
    async with stage.bot(wraps=Wraps(provider=lambda inner: Forgetful(inner, remember))):
        await stage.people.types("video create", **SMALL)
        job = await dead(stage, "outcome_unknown")
        assert "comes back to you" in await does(stage.people, "jobs recheck", job=job)

        async def decided_again() -> bool:
            return stage.books.job()["dead_letter"] is None

        assert await dead(stage, "outcome_unknown") == job
        remember.append(True)
        await does(stage.people, "jobs recheck", job=job)
        await stage.people.until(decided_again, what="a job that is out of doubt")
        await stage.people.result()
        await stage.rest()
    assert len(await stage.people.tasks()) == 1
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize(("billed", "spent"), [(False, 0), (True, 252_000)])
async def test_a_job_in_doubt_is_written_off(stage: Stage, *, billed: bool, spent: int) -> None:
    async with in_doubt(stage) as job:
        assert budget(stage) == (252_000, 0)
        said = await does(stage.people, "jobs writeoff", job=job, billed=billed)
        assert ("has its money back" in said, "keeps $0.25" in said) == (not billed, billed)
        card = await stage.people.card("An admin has closed this one")
        assert "Nothing was charged" in card
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
    assert budget(stage) == (0, spent)


async def test_a_kept_video_is_delivered_again(stage: Stage) -> None:
    async with undeliverable(stage) as job:
        shown = await sees(stage, "show", job=job)
        text = whole(shown)
        assert PROMPT not in text
        assert "its prompt is its author's" in text
        assert labels(shown) == ["Deliver again", "Write off"]
        await decides(stage, shown, f"deliver:{job}")
        assert await dead(stage, "undeliverable") == job, "direct messages are still closed"
        await stage.people.turn(user="ana", dms_open=True)
        assert "once more" in await does(stage.people, "jobs retry", job=job)
        await stage.people.result("dm")
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]
    assert len(await stage.people.results("dm")) == 1


async def test_a_kept_video_is_written_off_and_stays_on_the_budget(stage: Stage) -> None:
    async with undeliverable(stage) as job:
        await does(stage.people, "jobs writeoff", job=job)
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
    assert budget(stage) == (0, 252_000)
    assert stage.books.job()["failure"] == "written_off"


async def test_anybodys_waiting_job_is_taken_back_and_its_card_says_so(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck")
    async with stage.bot(running_per_provider=1):
        await people.types("video create", user="ben", also=SMALL)
        await people.card("Making the video")
        await people.types("video create", user="ana", also={**SMALL, "prompt": "the second"})
        await people.card("Waiting in line")
        first, second = stage.books.jobs()
        offered = await people.completes("admin jobs cancel", focused="job", user="admin", job="sec")
        assert [choice["value"] for choice in offered] == [second["id"]]
        assert "the second" in whole(await sees(stage, "list", which="waiting"))
        assert "the second" not in whole(await sees(stage, "list", which="running"))
        assert "the second" not in whole(await sees(stage, "list", member="ben"))
        assert "3 credits are <@" in await does(people, "jobs cancel", job=second["id"])
        assert "taken back before it began" in await people.card("Taken back")
        await called_once(stage, "cancelled")
        assert "past the point" in await does(people, "jobs cancel", job=first["id"])
        await people.fault("kirin", "stuck", count=0)
    (_, cancelled) = stage.books.jobs()
    assert (cancelled["status"], cancelled["credits"]) == ("cancelled", 3)
    assert stage.books.rows("SELECT count(*) AS n FROM audit WHERE action = 'job_cancel'") == [{"n": 1}]


async def test_decisions_are_told_where_admins_read_of_them(stage: Stage) -> None:
    async with in_doubt(stage) as job:
        await does(stage.people, "audit", channel="showcase")
        await does(stage.people, "jobs writeoff", job=job)
        said = (await told(stage.people, job, channel="showcase"))["content"]
        assert "wrote off" in said
        assert "3 credits given back, not charged" in said


async def test_who_is_no_admin_sees_and_decides_nothing(stage: Stage) -> None:
    people = stage.people
    async with in_doubt(stage) as job:
        for name, options in (("list", {}), ("show", {"job": job}), ("writeoff", {"job": job})):
            assert await people.cannot_type(f"admin jobs {name}", user="ana", **options)
        assert "This server has no video with the id `nothing`" in await does(people, "jobs show", job="nothing")
        assert "Owner of the bot" in await does(people, "jobs list", which="everywhere")
        everywhere = await sees(stage, "list", user="owner", which="everywhere")
        assert job in whole(everywhere)
        await does(people, "jobs writeoff", job=job)


async def test_a_job_of_direct_messages_is_its_persons_and_the_operators(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "http_500", on=["create"])
    async with stage.bot(**DOUBTFUL):
        await people.types("video create", channel="dm", also=SMALL)
        job = await dead(stage, "outcome_unknown")
        assert job not in whole(await sees(stage, "list", which="dead"))
        assert "This server has no video" in await does(people, "jobs writeoff", job=job)
        assert stage.books.job()["dead_letter"] == "outcome_unknown"
        shown = await sees(stage, "show", user="owner", job=job)
        assert PROMPT not in whole(shown)
        await does(people, "jobs writeoff", user="owner", job=job)
        await stage.rest()
    assert stage.books.job()["status"] == "failed"
    assert stage.books.rows("SELECT guild_id FROM audit") == [{"guild_id": 0}]


async def test_long_lists_have_pages(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "stuck", count=99)
    async with stage.bot(running_per_provider=1, max_jobs_per_user=99):
        for number in range(10):
            await people.answer(
                await people.types("video create", user="ana", also={**SMALL, "prompt": f"no {number}"})
            )
        first = await sees(stage, "list")
        assert "no 9" in whole(first)
        assert "no 0" not in whole(first)
        older = await people.edited(await people.presses(first, control(first, ":8"), user="admin"))
        assert "no 0" in whole(older)
        newer = await people.edited(await people.presses(older, control(older, ":0"), user="admin"))
        assert whole(newer) == whole(first)
        for job in stage.books.jobs()[1:]:
            await does(people, "jobs cancel", job=job["id"])
        await people.fault("kirin", "stuck", count=0)


async def test_everything_is_said_in_chinese_too(stage: Stage) -> None:
    people = stage.people

    async def says(name: str, **options: Any) -> Json:
        sent = await people.types(f"admin jobs {name}", user="admin", locale="zh-CN", also=options)
        return await people.answered(sent)

    async with in_doubt(stage) as job:
        assert "等待处理的视频" in whole(await says("list", which="dead"))
        shown = await says("show", job=job)
        assert "视频服务会收两次费" in whole(shown)
        assert labels(shown) == ["再查一次", "重新提交", "核销，未收费", "核销，已收费"]
        assert "回到你这里" in (await says("recheck", job=job))["content"]
        assert await dead(stage, "outcome_unknown") == job
        assert "已核销" in (await says("writeoff", job=job, billed=True))["content"]
        assert "不需要谁来决定" in (await says("retry", job=job))["content"]
        assert "撤不回" in (await says("cancel", job=job))["content"]


async def test_all_of_a_jobs_facts_are_shown(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await people.types("video create", user="ana", also=SMALL)
        await people.result()
        await stage.rest()
        job = stage.books.job()
        shown = await sees(stage, "show", job=job["id"])
        (embed,) = shown["embeds"]
        facts = {field["name"]: field["value"] for field in embed["fields"]}
        assert "Done" in embed["title"]
        assert facts["Cost"] == "3 credits · estimated $0.25 · charged $0.25"
        assert job["task_id"] in facts["Ids"]
        lines = [line.split(" ", 1)[1] for line in facts["Ledger"].splitlines()]
        assert sorted({line.split(" ")[0] for line in lines}) == ["held", "settled"]
        assert len(lines) == len(stage.books.rows("SELECT * FROM ledger"))
        assert not [each for each in walk(shown["components"]) if "custom_id" in each]


@pytest.mark.parametrize("decision", ["retry", "recheck", "writeoff"])
async def test_killed_right_after_a_decision_the_bot_goes_on_with_it(stage: Stage, decision: str) -> None:
    people = stage.people
    await people.fault("kirin", "http_500", on=["create"])
    async with stage.process(**DOUBTFUL) as process:
        await people.online()
        await people.types("video create", **SMALL)
        job = await dead(stage, "outcome_unknown")
        await does(people, f"jobs {decision}", job=job)
        process.kill()
    async with stage.bot(**DOUBTFUL):
        if decision == "recheck":  # nothing is found: it is the admin's again
            assert await dead(stage, "outcome_unknown") == job
            await does(people, "jobs writeoff", job=job)
        elif decision == "retry":
            await people.result()
        await stage.rest()
    assert stage.books.entries() == [("hold", 3), ("settle" if decision == "retry" else "release", 3)]
    assert [task["external_id"] for task in await people.tasks()] == ([f"{job}-2"] if decision == "retry" else [])
