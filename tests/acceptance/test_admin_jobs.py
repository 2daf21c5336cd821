"""`/admin jobs`: admins look through the jobs of their server, take one back, and decide about dead letters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.provider.base import VideoProvider
from tests.acceptance.admins import audit_message, everything_in, run_admin
from tests.acceptance.controls import control, labels, walk
from tests.acceptance.outcomes import called_once
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, SMALL, System, around_providers

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


async def sees(system: System, name: str, *, user: str = "admin", **options: Any) -> Json:
    """Type a command under `/admin jobs`; its private answer."""
    return await system.people.answered(await system.people.types(f"admin jobs {name}", user=user, also=options))


async def decides(system: System, message: Json, part: str, **who: Any) -> str:
    """Press one of a job's buttons; the words of the answer."""
    pressed = await system.people.presses(message, control(message, part), **{"user": "admin", **who})
    return await system.people.answer(pressed)


async def dead(system: System, reason: str) -> str:
    """Wait until the only job is a dead letter and at rest; its id."""

    async def buried() -> bool:
        jobs = system.database.jobs()
        return bool(jobs) and jobs[0]["dead_letter"] == reason and system.database.resting()

    await system.people.until(buried, what=f"a job that is {reason}")
    return str(system.database.job()["id"])


@asynccontextmanager
async def in_doubt(system: System, **settings: Any) -> AsyncIterator[str]:
    """The bot with a job whose submission broke off and never arrived; its id."""
    await system.people.fault("kirin", "http_500", on=["create"])
    async with system.bot(**DOUBTFUL, **settings):
        await system.people.types("video create", **SMALL)
        yield await dead(system, "outcome_unknown")
        await system.rest()


def let_rest(system: System) -> None:
    """While the bot does not run: the minute is over for which a service rests after a submission in doubt."""
    system.database.change("DELETE FROM provider_rests")


@asynccontextmanager
async def undeliverable(system: System, **settings: Any) -> AsyncIterator[str]:
    """The bot with a private video that its author's direct messages did not take; its id."""
    await system.people.change_settings(user="ana", dms_open=False)
    async with system.bot(**settings):
        await system.people.types("video create", **SMALL, private=True)
        yield await dead(system, "undeliverable")
        await system.rest()


def budget(system: System) -> tuple[int, int]:
    """What the server's budget holds, and has been charged."""
    (row,) = system.database.rows("SELECT held, settled FROM accounts WHERE owner LIKE 'budget:guild:%'")
    return row["held"], row["settled"]


async def test_a_job_in_doubt_is_found_in_the_list_and_submitted_again(system: System) -> None:
    async with in_doubt(system) as job:
        listed = await sees(system, "list", which="dead")
        assert job not in whole(listed)
        assert f"“{PROMPT}”" in whole(listed)
        opened = await system.people.presses(listed, "ajob:open", job, user="admin")
        shown = await system.people.answered(opened)
        text = whole(shown)
        assert PROMPT in text
        assert "the service charges twice" in text
        assert labels(shown) == ["Look again", "Submit again", "Write off, not charged", "Write off, charged"]
    let_rest(system)
    async with system.bot(**DOUBTFUL):
        said = await decides(system, shown, f"retry:{job}")
        assert "attempt 2" in said
        await system.people.result()
        assert "no longer needs a decision" in await decides(system, shown, f"free:{job}")
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    assert [task["external_id"] for task in await system.people.tasks()] == [f"{job}-2"]
    assert await system.people.cards() == []


async def test_a_task_that_was_made_after_all_is_found_when_looked_for_again(system: System) -> None:
    remember: list[bool] = []
    await system.people.fault("kirin", "lost_answer", on=["create"])
    async with system.bot(substitute=around_providers(lambda inner: Forgetful(inner, remember))):
        await system.people.types("video create", **SMALL)
        job = await dead(system, "outcome_unknown")
        assert "comes back to you" in await run_admin(system.people, "jobs recheck", job=job)

        async def decided_again() -> bool:
            return system.database.job()["dead_letter"] is None

        assert await dead(system, "outcome_unknown") == job
        remember.append(True)
        await run_admin(system.people, "jobs recheck", job=job)
        await system.people.until(decided_again, what="a job that is out of doubt")
        await system.people.result()
        await system.rest()
    assert len(await system.people.tasks()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize(("billed", "spent"), [(False, 0), (True, 252_000)])
async def test_a_job_in_doubt_is_written_off(system: System, *, billed: bool, spent: int) -> None:
    async with in_doubt(system) as job:
        assert budget(system) == (252_000, 0)
        said = await run_admin(system.people, "jobs writeoff", job=job, billed=billed)
        assert ("has its money back" in said, "keeps $0.25" in said) == (not billed, billed)
        card = await system.people.card("An admin has closed this one")
        assert "Nothing was charged" in card
    assert system.database.entries() == [("hold", 3), ("release", 3)]
    assert budget(system) == (0, spent)


async def test_a_kept_video_is_delivered_again(system: System) -> None:
    async with undeliverable(system) as job:
        shown = await sees(system, "show", job=job)
        text = whole(shown)
        assert PROMPT not in text
        assert "only its author can read the prompt" in text
        assert labels(shown) == ["Deliver again", "Write off"]
        await decides(system, shown, f"deliver:{job}")
        assert await dead(system, "undeliverable") == job, "direct messages are still closed"
        await system.people.change_settings(user="ana", dms_open=True)
        assert "again" in await run_admin(system.people, "jobs retry", job=job)
        await system.people.result("dm")
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    assert len(await system.people.results("dm")) == 1


async def test_a_kept_video_is_written_off_and_stays_on_the_budget(system: System) -> None:
    async with undeliverable(system) as job:
        await run_admin(system.people, "jobs writeoff", job=job)
    assert system.database.entries() == [("hold", 3), ("release", 3)]
    assert budget(system) == (0, 252_000)
    assert system.database.job()["failure"] == "written_off"


async def test_anybodys_waiting_job_is_taken_back_and_its_card_says_so(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot(running_per_provider=1):
        await people.types("video create", user="ben", also=SMALL)
        await people.card("Making the video")
        await people.types("video create", user="ana", also={**SMALL, "prompt": "the second"})
        await people.card("Waiting in line")
        first, second = system.database.jobs()
        offered = await people.completes("admin jobs cancel", focused="job", user="admin", job="sec")
        assert [choice["value"] for choice in offered] == [second["id"]]
        assert "the second" in whole(await sees(system, "list", which="waiting"))
        assert "the second" not in whole(await sees(system, "list", which="running"))
        assert "the second" not in whole(await sees(system, "list", member="ben"))
        said = await run_admin(people, "jobs cancel", job="sec")
        assert "“the second”" in said
        assert "3 credits given back" in said
        await people.card("Cancelled before it began")
        await called_once(system, "cancelled")
        assert "too late to cancel" in await run_admin(people, "jobs cancel", job=first["id"])
        await people.fault("kirin", "stuck", count=0)
    (_, cancelled) = system.database.jobs()
    assert (cancelled["status"], cancelled["credits"]) == ("cancelled", 3)
    assert system.database.rows("SELECT count(*) AS n FROM audit WHERE action = 'job_cancel'") == [{"n": 1}]


async def test_a_video_is_meant_by_a_link_to_its_message_or_by_its_words(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=99):
        for prompt in ("A fox on the ice", "A fox in the snow"):
            await people.types("video create", user="ana", also={**SMALL, "prompt": prompt})

        async def both() -> bool:
            return len(await people.results()) == 2

        await people.until(both, what="two videos")
        video = next(each for each in await people.results() if "on the ice" in each["content"])
        jobs = {each["prompt"].casefold(): each["id"] for each in system.database.jobs()}
        address = f"https://discord.com/channels/1/{video['channel_id']}/{video['id']}"
        (offered,) = await people.completes("admin jobs show", focused="job", user="admin", job=address)
        assert offered["value"] == jobs["a fox on the ice"]
        assert "“A fox on the ice” by " in offered["name"]
        assert offered["name"].endswith(" ago")
        for meant in (address, "on the ice"):
            assert "A fox on the ice" in whole(await sees(system, "show", job=meant))
        for vague in ("A fox", f"{address}1", "https://discord.com/channels/1/2/3"):
            assert "I can't tell which video" in await run_admin(people, "jobs show", job=vague)
        others = await people.says(f"shotcaller-{jobs['a fox on the ice']}.mp4", user="ben")
        forged = f"https://discord.com/channels/1/{others['channel_id']}/{others['id']}"
        assert "I can't tell which video" in await run_admin(people, "jobs show", job=forged)


async def test_decisions_are_told_where_admins_read_of_them(system: System) -> None:
    async with in_doubt(system) as job:
        await run_admin(system.people, "audit", channel="showcase")
        await run_admin(system.people, "jobs writeoff", job=job)
        said = (await audit_message(system.people, "wrote off", channel="showcase"))["content"]
        assert job not in said
        assert f"the video that <@{system.database.job()['user_id']}> asked for" in said
        assert "3 credits given back, not charged" in said


async def test_who_is_no_admin_sees_and_decides_nothing(system: System) -> None:
    people = system.people
    async with in_doubt(system) as job:
        for name, options in (("list", {}), ("show", {"job": job}), ("writeoff", {"job": job})):
            assert await people.cannot_type(f"admin jobs {name}", user="ana", **options)
        assert "I can't tell which video of this server" in await run_admin(people, "jobs show", job="nothing")
        assert "Operator of the bot" in await run_admin(people, "jobs list", which="everywhere")
        everywhere = await sees(system, "list", user="owner", which="everywhere")
        assert f"“{PROMPT}”" in whole(everywhere)
        await run_admin(people, "jobs writeoff", job=job)


async def test_a_job_of_direct_messages_is_its_persons_and_the_operators(system: System) -> None:
    people = system.people
    await people.fault("kirin", "http_500", on=["create"])
    async with system.bot(**DOUBTFUL):
        await people.types("video create", channel="dm", also=SMALL)
        job = await dead(system, "outcome_unknown")
        assert "There are none" in whole(await sees(system, "list", which="dead"))
        assert "I can't tell which video" in await run_admin(people, "jobs writeoff", job=job)
        assert system.database.job()["dead_letter"] == "outcome_unknown"
        shown = await sees(system, "show", user="owner", job=job)
        assert PROMPT not in whole(shown)
        await run_admin(people, "jobs writeoff", user="owner", job=job)
        await system.rest()
    assert system.database.job()["status"] == "failed"
    assert system.database.rows("SELECT guild_id FROM audit") == [{"guild_id": 0}]


async def test_long_lists_have_pages(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck", count=99)
    async with system.bot(running_per_provider=1, max_jobs_per_user=99):
        for number in range(10):
            await people.answer(
                await people.types("video create", user="ana", also={**SMALL, "prompt": f"no {number}"})
            )
        first = await sees(system, "list")
        assert "no 9" in whole(first)
        assert "no 0" not in whole(first)
        older = await people.edited(await people.presses(first, control(first, ":8"), user="admin"))
        assert "no 0" in whole(older)
        newer = await people.edited(await people.presses(older, control(older, ":0"), user="admin"))
        assert whole(newer) == whole(first)
        for job in system.database.jobs()[1:]:
            await run_admin(people, "jobs cancel", job=job["id"])
        await people.fault("kirin", "stuck", count=0)


async def test_everything_is_said_in_chinese_too(system: System) -> None:
    people = system.people

    async def says(name: str, **options: Any) -> Json:
        sent = await people.types(f"admin jobs {name}", user="admin", locale="zh-CN", also=options)
        return await people.answered(sent)

    async with in_doubt(system) as job:
        assert "等待处理的视频" in whole(await says("list", which="dead"))
        shown = await says("show", job=job)
        assert "视频服务会收两次费" in whole(shown)
        assert labels(shown) == ["再查一次", "重新提交", "核销，未收费", "核销，已收费"]
        assert "回到你这里" in (await says("recheck", job=job))["content"]
        assert await dead(system, "outcome_unknown") == job
        assert "已核销" in (await says("writeoff", job=job, billed=True))["content"]
        assert "不需要谁来决定" in (await says("retry", job=job))["content"]
        assert "撤不回" in (await says("cancel", job=job))["content"]


async def test_all_of_a_jobs_facts_are_shown(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", user="ana", also=SMALL)
        await people.result()
        await system.rest()
        job = system.database.job()
        shown = await sees(system, "show", job=job["id"])
        (embed,) = shown["embeds"]
        facts = {field["name"]: field["value"] for field in embed["fields"]}
        assert "Done" in embed["title"]
        assert facts["Cost"] == "3 credits · estimated $0.25 · charged $0.25"
        assert job["task_id"] in facts["Ids"]
        lines = [line.split(" ", 1)[1] for line in facts["Ledger"].splitlines()]
        assert sorted({line.split(" ")[0] for line in lines}) == ["held", "settled"]
        assert len(lines) == len(system.database.rows("SELECT * FROM ledger"))
        assert not [each for each in walk(shown["components"]) if "custom_id" in each]


@pytest.mark.parametrize("decision", ["retry", "recheck", "writeoff"])
async def test_killed_right_after_a_decision_the_bot_goes_on_with_it(system: System, decision: str) -> None:
    people = system.people
    await people.fault("kirin", "http_500", on=["create"])
    async with system.process(**DOUBTFUL) as process:
        await people.online()
        await people.types("video create", **SMALL)
        job = await dead(system, "outcome_unknown")
        await run_admin(people, f"jobs {decision}", job=job)
        process.kill()
    let_rest(system)
    async with system.bot(**DOUBTFUL):
        if decision == "recheck":  # nothing is found: it is the admin's again
            assert await dead(system, "outcome_unknown") == job
            await run_admin(people, "jobs writeoff", job=job)
        elif decision == "retry":
            await people.result()
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle" if decision == "retry" else "release", 3)]
    assert [task["external_id"] for task in await people.tasks()] == ([f"{job}-2"] if decision == "retry" else [])
