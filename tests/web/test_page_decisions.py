"""What the operator's page tells of jobs and cases, what is decided there, and what stays out of reach."""

import re
from typing import Any

import pytest

from bot.domain import EVERYWHERE, Case, CaseKind, DeadLetter, Job, JobStatus, Report
from bot.locale import words
from bot.service.admin.page_access import RIGHTS_FRESH
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.community.reports import ReportStore
from tests.web.office import ADMIN, GUILD, OTHER_GUILD, OWNER, Office

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' {{ 7 * 7 }}"


async def in_doubt(office: Office, **changes: Any) -> Job:
    """Make a dead letter."""
    job = await office.services.submitting(**changes)
    return await office.services.jobs.mark_dead_letter(
        job, reason=DeadLetter.OUTCOME_UNKNOWN, now=office.services.clock()
    )


async def press(office: Office, path: str, **form: str) -> int:
    """Send a form that the page itself has made."""
    given = {"proof": await office.proof(), "key": "1", **form}
    return (await office.post(path, given)).status


async def case_of(office: Office, kind: CaseKind, *, guild_id: int = GUILD, **changes: Any) -> Case:
    made = {"id": f"{kind}-1", "channel_id": 5, "user_id": 41, "created_at": office.services.clock(), **changes}
    case = Case(kind=kind, guild_id=guild_id, **made)
    await CaseStore(office.services.database).open(case)
    return case


async def test_a_jobs_story_is_told_in_its_order(office: Office) -> None:
    job = await office.services.succeeded(guild_id=GUILD)
    await office.sign_in()
    page = await (await office.get(f"/page/jobs/{job.id}")).text()
    events = re.findall(r"</time> (.*?)</li>", page)
    assert "Asked for" in events
    assert any("held: 5 credits" in event for event in events)
    assert "The service has it" in events
    assert f"task-{job.id}" in page
    assert "a fox on the ice" in page


async def test_what_was_typed_is_text_and_nothing_else(office: Office) -> None:
    job = await office.services.queued(guild_id=GUILD, prompt=ATTACK)
    await case_of(office, CaseKind.MORE, body={"credits": 5, "why": ATTACK})
    await office.sign_in()
    for path in (f"/page/jobs/{job.id}", "/page/jobs?which=waiting", "/page/cases"):
        page = await (await office.get(path)).text()
        assert "&lt;script&gt;" in page, path
        assert "<script>" not in page
        assert "<img" not in page
        assert "{{ 7 * 7 }}" in page


async def test_a_private_prompt_stays_its_authors(office: Office) -> None:
    private = await office.services.queued(guild_id=GUILD, private=True, prompt="a secret fox")
    direct = await office.services.queued(guild_id=None, prompt="a secret fox")
    await office.sign_in()
    for path in (f"/page/jobs/{private.id}", f"/page/jobs/{direct.id}", "/page/jobs?which=waiting"):
        page = await (await office.get(path)).text()
        assert "a secret fox" not in page
        assert "only its author can read the prompt" in page


async def test_another_guilds_job_does_not_exist_for_an_admin(office: Office) -> None:
    mine, theirs = await in_doubt(office, guild_id=GUILD), await in_doubt(office, guild_id=OTHER_GUILD)
    direct = await office.services.queued(guild_id=None)
    await office.sign_in(ADMIN, GUILD)
    assert (await office.get(f"/page/jobs/{mine.id}")).status == 200
    for job in (theirs.id, direct.id, "none", "../settings"):
        assert (await office.get(f"/page/jobs/{job}")).status == 404
        assert (await office.get(f"/page/jobs?job={job}")).status == 404
    assert await press(office, f"/page/jobs/{theirs.id}/free") == 404
    assert (await office.services.job(theirs)).dead_letter is DeadLetter.OUTCOME_UNKNOWN
    listed = await (await office.get("/page/jobs")).text()
    assert mine.id in listed
    assert theirs.id not in listed
    assert await office.acts(OTHER_GUILD) == []


async def test_the_owner_finds_jobs_of_every_guild(office: Office) -> None:
    dead = [await in_doubt(office, guild_id=each) for each in (GUILD, OTHER_GUILD)]
    waiting = await office.services.queued(guild_id=None)
    await office.sign_in()
    for which, jobs in (("dead", dead), ("waiting", [waiting]), ("latest", [*dead, waiting])):
        page = await (await office.get(f"/page/jobs?which={which}")).text()
        assert set(re.findall("/page/jobs/([0-9a-f]{16})", page)) == {job.id for job in jobs}
    found = await office.get(f"/page/jobs?job={waiting.id}")
    assert (found.status, found.headers["Location"]) == (303, f"/page/jobs/{waiting.id}")


@pytest.mark.parametrize("query", ["which=everywhere", "which=x", "skip=-1", "skip=x", "skip=99999999"])
async def test_a_list_that_cannot_be_is_missing(office: Office, query: str) -> None:
    await office.sign_in()
    assert (await office.get(f"/page/jobs?{query}")).status == 404


async def test_a_long_list_is_turned_over(office: Office) -> None:
    for _ in range(10):
        await office.services.queued(guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    first = await (await office.get("/page/jobs?which=waiting")).text()
    assert "skip=8" in first
    assert "skip=0" in await (await office.get("/page/jobs?which=waiting&skip=8")).text()


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ("recheck", JobStatus.SUBMITTING),
        ("retry", JobStatus.QUEUED),
        ("free", JobStatus.FAILED),
        ("billed", JobStatus.FAILED),
    ],
)
async def test_a_dead_letter_is_decided_once_and_audited(office: Office, decision: str, status: JobStatus) -> None:
    job = await in_doubt(office, guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    assert [await press(office, f"/page/jobs/{job.id}/{decision}") for _ in range(2)] == [303, 409]
    decided = await office.services.job(job)
    assert (decided.status, decided.dead_letter) == (status, None)
    assert (await office.acts(GUILD)).count(f"job_{decision}") == 1
    assert "Done" in await (await office.get(f"/page/jobs/{job.id}?done={decision}")).text()


async def test_a_waiting_job_is_taken_back(office: Office) -> None:
    job = await office.services.queued(guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    assert await press(office, f"/page/jobs/{job.id}/cancel") == 303
    assert (await office.services.job(job)).status is JobStatus.CANCELLED
    assert await office.services.balance(job) == (0, 0)


async def test_what_cannot_be_decided_is_not(office: Office) -> None:
    job = await office.services.queued(guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    for decision in ("free", "deliver", "nonsense"):
        assert await press(office, f"/page/jobs/{job.id}/{decision}") == 409
    assert (await office.services.job(job)).status is JobStatus.QUEUED


async def test_a_decision_needs_a_form_of_this_session(office: Office) -> None:
    job = await in_doubt(office, guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    path = f"/page/jobs/{job.id}/free"
    assert await press(office, path, proof="0" * 64) == 403
    assert (await office.post(path, {"proof": await office.proof()}, Origin="https://evil.example")).status == 403
    assert (await office.get(path)).status == 405
    office.services.staff.running.clear()
    office.services.clock.now += RIGHTS_FRESH
    assert (await office.post(path, {"proof": "0" * 64})).status == 401
    assert (await office.services.job(job)).dead_letter is DeadLetter.OUTCOME_UNKNOWN


async def test_nothing_is_decided_while_the_database_refuses(office: Office) -> None:
    job = await in_doubt(office, guild_id=GUILD)
    await office.sign_in(ADMIN, GUILD)
    proof = await office.proof()
    office.services.database.refusals = 1
    assert (await office.post(f"/page/jobs/{job.id}/free", {"proof": proof})).status == 503
    assert (await office.services.job(job)).dead_letter is DeadLetter.OUTCOME_UNKNOWN


async def test_a_report_is_dismissed_by_an_admin_of_its_guild_alone(office: Office) -> None:
    store, now = ReportStore(office.services.database), office.services.clock()
    for guild_id in (GUILD, OTHER_GUILD):
        case = Case(
            id=f"report-{guild_id}",
            kind=CaseKind.REPORT,
            guild_id=guild_id,
            channel_id=0,
            user_id=41,
            job_id=(await office.services.queued(guild_id=guild_id, user_id=41)).id,
            body={"channel": 5, "message": 6},
            created_at=now,
        )
        await store.add(Report(user_id=42, reason="<b>rude</b>", at=now), key=str(guild_id), case=case)
    await office.sign_in(ADMIN, GUILD)
    page = await (await office.get("/page/cases")).text()
    assert "42: &lt;b&gt;rude&lt;/b&gt;" in page
    assert "report-8" not in page
    assert await press(office, "/page/cases/report-8/dismiss") == 404
    assert await press(office, "/page/cases/report-7/approve") == 409
    assert [await press(office, "/page/cases/report-7/dismiss") for _ in range(2)] == [303, 409]
    assert (await office.acts(GUILD))[-1] == "report_dismissed"
    assert await office.acts(OTHER_GUILD) == []


async def test_a_reported_member_is_blocked_and_the_report_stays(office: Office) -> None:
    await case_of(office, CaseKind.REPORT, body={"channel": 5, "message": 6})
    await office.sign_in(ADMIN, GUILD)
    for hours in ("", "0", "-1", "x", "99999", "1e3"):
        assert await press(office, "/page/cases/report-1/block", hours=hours) == 400
    assert await press(office, "/page/cases/report-1/block", hours="24", reason="rude") == 303
    blocked = await GuildStore(office.services.database).blocked(GUILD, now=office.services.clock())
    assert [(user, state.block_reason) for user, state in blocked.items()] == [(41, "rude")]
    assert words()("case.report") in await (await office.get("/page/cases")).text()


async def test_more_credits_are_granted_or_not(office: Office) -> None:
    await case_of(office, CaseKind.MORE, id="more-1", body={"credits": 50, "why": "a film"})
    await case_of(office, CaseKind.MORE, id="more-2", user_id=43, body={"credits": 50, "why": "another"})
    await office.sign_in(ADMIN, GUILD)
    assert await press(office, "/page/cases/more-1/approve", credits="9999") == 400
    assert await press(office, "/page/cases/more-1/approve", credits="20") == 303
    assert await press(office, "/page/cases/more-2/deny") == 303
    assert (await office.acts(GUILD))[-2:] == ["more_approved", "more_denied"]


async def test_what_the_operator_alone_is_shown_is_not_shown_to_admins(office: Office) -> None:
    case = await case_of(office, CaseKind.REPORT, body={"channel": 5, "message": 6})
    await office.services.database.transact(
        lambda tx: tx.execute("UPDATE cases SET for_operator = 1 WHERE id = $1", case.id)
    )
    await office.sign_in(ADMIN, GUILD)
    assert "report-1" not in await (await office.get("/page/cases")).text()
    assert await press(office, "/page/cases/report-1/dismiss") == 404
    await office.sign_in(OWNER, EVERYWHERE)
    assert await press(office, "/page/cases/report-1/delete") == 409
    assert await press(office, "/page/cases/report-1/dismiss") == 303
    assert (await office.acts(GUILD))[-1] == "report_dismissed"
