"""What the operator's page shows of names, queues, budgets, the log, held videos and doctor, and whom it shows none."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.domain import EVERYWHERE, AuditEntry, Case, CaseKind
from bot.domain.finding import Finding, Mark, bad, good
from bot.domain.pack import Pack
from bot.domain.quota import Period, budget_of, period_of
from bot.domain.standing import SpendLine
from bot.locale import Words, words
from bot.log import RecentLines
from bot.redaction import Redactor
from bot.service.admin.balances import Balances
from bot.service.ports import Named, Names
from bot.store.community.cases import CaseStore
from bot.web.page.drawing import chart_of, entry_text, round_top, tag
from bot.web.page.site import Site
from tests.web.office import ADMIN, GUILD, ORIGIN, OTHER_GUILD, OWNER, Office

ATTACK = "\N{RIGHT-TO-LEFT OVERRIDE}<script>"


class KnownNames(Names):
    """Names, one of which is an attack."""

    async def names(
        self,
        *,
        users: Collection[int] = (),
        guilds: Collection[int] = (),
        channels: Collection[int] = (),
        in_guild: int | None = None,
    ) -> Named:
        assert in_guild is None
        known = {41: ATTACK, ADMIN: "Bo", OWNER: ""}
        return Named(
            users={each: known[each] for each in users if each in known},
            guilds=dict.fromkeys({GUILD} & set(guilds), "The Cutting Room"),
            channels=dict.fromkeys(channels, "#general"),
        )


class Account:
    """A service whose account tells what is left."""

    async def packs(self, now: datetime) -> Sequence[Pack]:
        ends_at = now + timedelta(days=5)
        return [Pack(id="1", name="Video 100", total=Decimal(100), left=Decimal(12), ends_at=ends_at)]


class Doctor:
    """Looks at things, and may be held up or break."""

    def __init__(self) -> None:
        self.go_on, self.looks, self.breaks = asyncio.Event(), 0, False

    async def __call__(self, say: Words) -> AsyncIterator[Finding]:
        self.looks += 1
        yield good(say("check.database"), "opens")
        await self.go_on.wait()
        if self.breaks:
            raise RuntimeError("inner workings")
        yield bad("guild <b>", "lacks something", "Invite it again.")


@asynccontextmanager
async def seen(office: Office, **options: Any) -> AsyncIterator[None]:
    """Have the office look at a page that knows names and whatever else there is."""
    office.services.bot = office.services.build(
        parts={"names": KnownNames()}, public_url=ORIGIN, page_port=1, page_for_admins=True
    )
    services = office.services.bot.services
    balances = Balances({"kling": Account()}, operator_alerts=office.services.bot.operator_alerts, clock=services.now)
    site = Site(replace(services, balances=balances), address=f"{ORIGIN}/page", **options)
    async with TestClient(TestServer(site.application())) as client:
        office.client = client
        yield


async def text(office: Office, path: str = "/page") -> str:
    answer = await office.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def held(office: Office, *, guild_id: int = GUILD) -> Case:
    """Let a finished video wait for a moderator, since a scan has found something."""
    job = await office.services.succeeded(guild_id=guild_id)
    case = Case(
        id=f"held-{job.id}",
        kind=CaseKind.RESULT,
        guild_id=guild_id,
        channel_id=5,
        user_id=41,
        created_at=office.services.clock(),
        job_id=job.id,
        body={"why": {"risk": ["VIOLENT", "EROTIC"], "unscanned": []}, "level": "high"},
    )
    await CaseStore(office.services.database).open(case)
    return case


async def test_people_and_places_are_called_by_their_names(office: Office) -> None:
    async with seen(office):
        job = await office.services.queued(guild_id=GUILD, user_id=41)
        await office.services.queued(guild_id=OTHER_GUILD, user_id=42)
        await office.sign_in()
        for path in ("/page/jobs?which=waiting", f"/page/jobs/{job.id}", "/page/spend"):
            page = await text(office, path)
            assert f'<bdi title="41">{ATTACK.replace("<", "&lt;").replace(">", "&gt;")}</bdi>' in page, path
            assert f'<bdi title="{GUILD}">The Cutting Room</bdi>' in page
        assert "42" in await text(office, "/page/jobs?which=waiting"), "whose name nobody knows has a number"
        assert "\N{FIRST STRONG ISOLATE}The Cutting Room" in await text(office, f"/page/jobs/{job.id}")
        await office.sign_in(ADMIN, GUILD)
        assert "Bo\N{POP DIRECTIONAL ISOLATE} signed in" in await text(office, "/page/audit")
        assert f'<bdi title="{GUILD}">The Cutting Room</bdi>' in await text(office)


async def test_a_video_that_was_posted_is_said_to_be_delivered_and_a_deleted_one_removed(office: Office) -> None:
    async with seen(office):
        job = await office.services.succeeded(guild_id=GUILD)
        failed = await office.services.queued(guild_id=GUILD)
        await office.sign_in()

        async def pages() -> list[str]:
            return [await text(office, path) for path in ("/page/jobs?which=latest", f"/page/jobs/{job.id}")]

        say = words()
        assert all(say("page.state.succeeded") in page for page in await pages())
        await office.services.step(job)
        assert all(">Delivered<" in page and say("page.state.succeeded") not in page for page in await pages())
        query = "UPDATE jobs SET removed_at = delivered_at, removed_by = 'author' WHERE id = $1"
        await office.services.database.transact(lambda tx: tx.execute(query, job.id))
        assert all(">Removed<" in page for page in await pages())
        query = "UPDATE jobs SET status = 'failed', failure = 'content' WHERE id = $1"
        await office.services.database.transact(lambda tx: tx.execute(query, failed.id))
        assert "<dd>0 credits · " in await text(office, f"/page/jobs/{failed.id}")


def test_names_are_text_and_nobody_has_none() -> None:
    assert tag("<b>", 3) == '<bdi title="3">&lt;b&gt;</bdi>'
    assert (tag(None, 3), tag("", 3), tag("Ana", 0)) == ("3", "3", "—")
    entry = AuditEntry(
        id="1", guild_id=7, actor_id=9, action="job_cancel", at=datetime.now(UTC), detail={"member": "x"}
    )
    assert entry_text(entry, words(), Named(users={9: "Kim"})).startswith("9 job_cancel")


async def test_queues_and_what_is_left_of_packs_are_the_operators_to_see(office: Office) -> None:
    async with seen(office):
        await office.services.queued(guild_id=GUILD)
        await office.services.refuse("kling", seconds=60)
        await office.sign_in()
        page = await text(office)
        assert "Video 100: 12 of 100 units left" in page
        assert '<span class="bad">until ' in page
        assert "takes nothing; again" in page
        await office.sign_in(ADMIN, GUILD)
        page = await text(office)
        assert "Video 100" not in page
        assert "Queue" not in page


async def test_this_months_budgets_are_listed_by_server(office: Office) -> None:
    now = office.services.clock()
    rows = (
        (GUILD, period_of(now, Period.MONTH), 1_260_000),
        (GUILD, "2025-01", 9_000_000),
        (OTHER_GUILD, "2025-01", 1),
    )

    async def add(tx: Any) -> None:
        for guild_id, period, settled in rows:
            await tx.execute(
                "INSERT INTO accounts (owner, period, allowance, held, settled, unit) "
                "VALUES ($1, $2, 5000000, 420000, $3, 'usd_micros')",
                *(budget_of(guild_id), period, settled),
            )

    await office.services.database.transact(add)
    async with seen(office):
        await office.sign_in()
        page = await text(office, "/page/spend")
        assert "This month by server" in page
        assert "$1.26" in page
        assert "$9.00" not in page
        (line,) = await office.services.bot.services.overview.budgets()
        assert (line.guild_id, line.settled, line.held, line.ceiling) == (GUILD, 1_260_000, 420_000, None)
        await office.sign_in(ADMIN, GUILD)
        assert "This month by server" not in await text(office, "/page/spend")


def day(name: str, spent: int, jobs: int = 0) -> SpendLine:
    return SpendLine(name=name, jobs=jobs, failed=0, credits=0, estimated=0, spent=spent)


def test_a_chart_has_bars_a_scale_and_its_days() -> None:
    days = [day("2026-11-26", 0), day("2026-11-27", 420_000, 2), day("2026-11-28", 1, 1)]
    chart = chart_of(days, words())
    assert chart is not None
    assert [bar.label for bar in chart.bars] == ["Nov 27: $0.42", "Nov 28: $0.00"]
    assert chart.bars[1].height == 2, "what was spent is seen, however little it was"
    assert (chart.scale, chart.days) == (["$1.00", "$0.50", "$0.00"], ["Nov 26", "Nov 27", "Nov 28"])
    assert chart.summary == "$0.42 for 3 videos; most on Nov 27: $0.42"
    assert chart_of([day("2026-11-27", 0)], words()) is None
    assert chart_of([], words()) is None


@pytest.mark.parametrize(
    ("most", "top"), [(1, 0.02), (20_001, 0.04), (50_000, 0.1), (100_001, 0.2), (999_999, 1), (37_000_000, 40)]
)
def test_a_scale_ends_at_a_round_number(most: int, top: float) -> None:
    assert round_top(most) == round(top * 1_000_000)


async def test_a_job_has_its_lines_of_the_log_for_the_operator_alone(office: Office) -> None:
    lines = RecentLines(Redactor(["hunter22"]))
    async with seen(office, lines=lines):
        mine = await office.services.queued(guild_id=GUILD)
        record = logging.LogRecord("bot.queries", logging.DEBUG, "", 0, "asked <b> hunter22", (), None)
        record.fields = {"job": mine.id, "answer": "working", "seconds": 0.2}
        lines.handle(record)
        await office.sign_in()
        page = await text(office, f"/page/jobs/{mine.id}")
        assert "asked &lt;b&gt; [hidden] answer=working seconds=0.2" in page
        await office.sign_in(ADMIN, GUILD)
        assert "answer=working" not in await text(office, f"/page/jobs/{mine.id}")


async def test_a_held_video_is_seen_by_those_who_decide_about_it_and_by_nobody_else(office: Office) -> None:
    async with seen(office):
        case = await held(office)
        path = f"/page/cases/{case.id}/video.mp4"
        assert (await office.get(path)).status == 401
        await office.sign_in(ADMIN, OTHER_GUILD)
        assert (await office.get(path)).status == 404
        await office.sign_in(ADMIN, GUILD)
        page = await text(office, "/page/cases")
        assert words()("case.why.risk", names="VIOLENT, EROTIC", level="high") in page
        assert words()("case.why.unscanned") in page
        assert f'src="{path}"' in page
        answer = await office.get(path)
        assert (answer.status, answer.content_type) == (200, "video/mp4")
        assert await answer.read() != b""
        assert answer.headers["Cache-Control"] == "no-store"
        await office.services.database.transact(lambda tx: tx.execute("UPDATE cases SET state = 'denied'"))
        assert (await office.get(path)).status == 404, "what is decided is not shown any more"


@pytest.mark.parametrize(
    ("asked", "status", "told", "length"),
    [
        ("bytes=0-", 206, "bytes 0-999/1000", 1000),
        ("bytes=200-299", 206, "bytes 200-299/1000", 100),
        ("bytes=-1", 206, "bytes 999-999/1000", 1),
        ("bytes=1000-", 416, None, None),
        ("bytes=7-3", 416, None, None),
        ("minutes=1-2", 416, None, None),
        ("", 200, None, 1000),
    ],
)
async def test_a_held_video_comes_in_parts(
    office: Office, asked: str, status: int, told: str | None, length: int | None
) -> None:
    async with seen(office):
        case = await held(office)
        await office.sign_in(ADMIN, GUILD)
        answer = await office.get(f"/page/cases/{case.id}/video.mp4", Range=asked)
        assert (answer.status, answer.headers.get("Content-Range")) == (status, told)
        assert length is None or len(await answer.read()) == length


async def test_a_jobs_story_tells_who_decided_about_it(office: Office) -> None:
    async with seen(office):
        case = await held(office)
        await office.services.database.transact(
            lambda tx: tx.execute(
                "UPDATE cases SET state = 'denied', decided_by = $1, decided_at = created_at WHERE id = $2",
                *(ADMIN, case.id),
            )
        )
        await office.sign_in()
        page = await text(office, f"/page/jobs/{case.job_id}")
        assert words()("case.result") in page
        assert "by \N{FIRST STRONG ISOLATE}Bo\N{POP DIRECTIONAL ISOLATE}" in page


async def test_a_case_about_no_video_shows_none(office: Office) -> None:
    async with seen(office):
        case = Case(
            id="more", kind=CaseKind.MORE, guild_id=GUILD, channel_id=5, user_id=41, created_at=office.services.clock()
        )
        await CaseStore(office.services.database).open(case)
        await office.sign_in()
        assert (await office.get("/page/cases/more/video.mp4")).status == 404


async def test_doctor_looks_when_asked_and_once_at_a_time(office: Office) -> None:
    doctor = Doctor()
    async with seen(office, examine=doctor):
        await office.sign_in()
        assert "Looked at" not in await text(office, "/page/doctor")
        assert doctor.looks == 0
        proof = await office.proof("/page/doctor")
        assert [(await office.post("/page/doctor", {"proof": proof})).status for _ in range(2)] == [303, 303]
        page = await text(office, "/page/doctor")
        assert "<strong>database</strong>: opens" in page
        assert "Looking" in page
        doctor.go_on.set()
        await asyncio.sleep(0)
        page = await text(office, "/page/doctor")
        assert "guild &lt;b&gt;" in page
        assert "Invite it again." in page
        assert "Looked at" in page
        assert doctor.looks == 1
        assert (await office.post("/page/doctor", {"proof": "0" * 64})).status == 403


async def test_a_look_that_breaks_says_so_without_details(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    doctor = Doctor()
    doctor.breaks = True
    doctor.go_on.set()
    async with seen(office, examine=doctor):
        await office.sign_in()
        await office.post("/page/doctor", {"proof": await office.proof("/page/doctor")})
        await asyncio.sleep(0)
        page = await text(office, "/page/doctor")
        assert "Something went wrong" in page
        assert "inner workings" not in page
        assert "doctor could not look to the end" in caplog.text


async def test_a_look_ends_with_the_page(office: Office) -> None:
    async with seen(office, examine=Doctor()):
        await office.sign_in()
        await office.post("/page/doctor", {"proof": await office.proof("/page/doctor")})
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "doctor"]


class GuildDoctor:
    """Tells of a guild what nobody else may know."""

    def __init__(self) -> None:
        self.looked_at = list[int]()

    async def __call__(self, guild_id: int, say: Words) -> list[tuple[Mark, str]]:
        self.looked_at.append(guild_id)
        here = say("doctor.channels.good", channels="<#5>")
        return [(Mark.GOOD, here), (Mark.BAD, f"only of {guild_id}: **<b>** `/admin <i>` <#6>")]


async def test_who_runs_one_server_sees_what_doctor_finds_of_it(office: Office) -> None:
    doctor = GuildDoctor()
    async with seen(office, examine=Doctor(), examine_guild=doctor):
        await office.sign_in(ADMIN, GUILD)
        page = await text(office, "/page/doctor?guild=8")
        assert '<li class="GOOD">I can post videos in <bdi title="5">#general</bdi></li>' in page
        assert f"only of {GUILD}: <strong>&lt;b&gt;</strong> <code>/admin &lt;i&gt;</code>" in page
        assert "look at everything" not in page
        assert doctor.looked_at == [GUILD]


async def test_nobody_sees_what_doctor_finds_of_another_server_or_of_the_bot(office: Office) -> None:
    guild_doctor, doctor = GuildDoctor(), Doctor()
    doctor.go_on.set()
    async with seen(office, examine=doctor, examine_guild=guild_doctor):
        assert (await office.get("/page/doctor")).status == 401
        await office.sign_in()
        await office.post("/page/doctor", {"proof": await office.proof("/page/doctor")})
        await asyncio.sleep(0)
        assert "<strong>database</strong>" in await text(office, "/page/doctor")
        assert guild_doctor.looked_at == []
        await office.sign_in(ADMIN, OTHER_GUILD)
        page = await text(office, f"/page/doctor?guild={GUILD}&guild_id={GUILD}")
        assert "<strong>database</strong>" not in page
        assert f"only of {GUILD}" not in page
        assert guild_doctor.looked_at == [OTHER_GUILD]
        assert (await office.post("/page/doctor", {"proof": await office.proof()})).status == 404
        assert doctor.looks == 1, "the whole bot is not theirs to look at"
        assert (await office.get(f"/page/doctor/{GUILD}")).status == 404
        office.services.staff.running.clear()
        office.services.clock.now += timedelta(minutes=1)
        assert (await office.get("/page/doctor")).status == 401, "they run it no more"
        assert guild_doctor.looked_at == [OTHER_GUILD]


async def test_where_nobody_looks_there_is_no_doctor(office: Office) -> None:
    async with seen(office):
        await office.sign_in(OWNER, EVERYWHERE)
        assert (await office.get("/page/doctor")).status == 404, "nobody looks here"
        await office.sign_in(ADMIN, GUILD)
        assert (await office.get("/page/doctor")).status == 404
