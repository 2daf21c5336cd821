"""The operator's page in a browser: no secret stays behind, what changes is seen, what is decided is done."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, Page, expect

from bot.domain import EVERYWHERE, AuditEntry, Case, CaseKind, DeadLetter, Job, JobStatus
from bot.domain.finding import Finding, Mark, bad, good, note
from bot.domain.pack import Pack
from bot.domain.quota import Period, budget_of, period_of
from bot.locale import Words
from bot.log import RecentLines
from bot.redaction import Redactor
from bot.service.admin.balances import Balances
from bot.service.ports import Named, Names
from bot.store.community.cases import CaseStore
from bot.web.page.site import serve_page
from sandbox.rendering.render import render
from sandbox.rendering.video import Shot, Video
from tests.browser.accessibility import barriers
from tests.browser.visitor import PATIENCE
from tests.service.scripted import Fetcher
from tests.service.services import Services, open_services

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWNER = 9
WOUND = "video => new Promise(seen => { video.onseeked = () => seen(video.currentTime); video.currentTime = 0.5 })"
PAGES = ("", "/jobs", "/cases", "/spend", "/audit", "/doctor", "/settings")
GUILD = 1_152_000_000_000_000_007
ANA, BO = 1_152_000_000_000_000_041, 1_152_000_000_000_000_042
FINDINGS = (
    good("database", "shotcaller.db opens and is up to date; a bot is running on it"),
    note("backup", "the newest in data/backups is of 2026-11-20 03:30 UTC", "Type: shotcaller backup"),
    bad(
        "guild The Cutting Room", "the bot lacks Attach Files", "Invite it again: https://discord.com/oauth2/authorize"
    ),
)


class KnownNames(Names):
    """Names as Discord tells them, one of which is an attack."""

    async def names(
        self,
        *,
        users: Collection[int] = (),
        guilds: Collection[int] = (),
        channels: Collection[int] = (),
        in_guild: int | None = None,
    ) -> Named:
        assert in_guild is None
        people = {ANA: "Ana \N{RIGHT-TO-LEFT OVERRIDE}<b>", BO: "Bo", OWNER: "Kim"}
        return Named(
            users={each: people[each] for each in users if each in people},
            guilds=dict.fromkeys({GUILD} & set(guilds), "The Cutting Room"),
            channels=dict.fromkeys(channels, "#general"),
        )


class Account:
    """A video service whose account tells what is left."""

    async def packs(self, now: datetime) -> Sequence[Pack]:
        return [
            Pack(id="1", name="Video 1000", total=Decimal(1000), left=Decimal(640), ends_at=now + timedelta(days=80)),
            Pack(id="2", name="Trial", total=Decimal(100), left=Decimal(12), ends_at=now + timedelta(days=5)),
        ]


async def looked_at_guild(guild_id: int, say: Words) -> list[tuple[Mark, str]]:
    assert guild_id == GUILD
    quiet = say("doctor.channels.bad", channels="<#5>", missing=f"**{say('permission.send_messages')}**")
    return [(Mark.GOOD, say("doctor.database.good")), (Mark.NOTE, quiet), (Mark.BAD, say("doctor.shut_out.roles"))]


async def looked_at(_: Words) -> AsyncIterator[Finding]:
    for finding in FINDINGS:
        yield finding


class PlayableVideos(Fetcher):
    """Downloads a video that can be played, whatever is asked for."""

    def __init__(self, video: bytes) -> None:
        super().__init__()
        self._video = video

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        await self.play("download", url)
        assert len(self._video) <= cap
        await asyncio.to_thread(path.write_bytes, self._video)
        return len(self._video)


@asynccontextmanager
async def office(folder: Path, **parts: Any) -> AsyncIterator[tuple[Services, str, RecentLines]]:
    """The page over real services, its address, and the lines of the log that it shows."""
    port = unused_port()
    address = f"http://127.0.0.1:{port}/page"
    async with open_services(folder) as services:
        services.bot = services.build(
            parts={"names": KnownNames(), **parts}, page_port=port, page_for_admins=True, monthly_budget_usd=20
        )
        balances = Balances({"kling": Account()}, operator_alerts=services.bot.operator_alerts, clock=services.clock)
        shown, lines = replace(services.bot.services, balances=balances), RecentLines(Redactor(()))
        site = {"address": address, "examine": looked_at, "examine_guild": looked_at_guild, "lines": lines}
        async with serve_page(shown, host="127.0.0.1", port=port, **site):
            yield services, address, lines


async def a_month(services: Services) -> Job:
    """Let people ask for videos on a few days of a month, one of which waits for a moderator at its end."""
    now = services.clock.now
    for ago, user in ((29, ANA), (12, BO), (11, ANA), (11, BO), (3, ANA)):
        services.clock.now = now - timedelta(days=ago)
        await services.succeeded(guild_id=GUILD, user_id=user)
    services.clock.now = now
    await services.jobs.mark_dead_letter(
        await services.submitting(guild_id=GUILD, user_id=BO), reason=DeadLetter.OUTCOME_UNKNOWN, now=now
    )
    held = await services.succeeded(guild_id=GUILD, user_id=ANA)
    case = Case(
        id="held",
        kind=CaseKind.RESULT,
        guild_id=GUILD,
        channel_id=5,
        user_id=ANA,
        created_at=now,
        job_id=held.id,
        body={"why": {"risk": ["VIOLENT"]}, "level": "high"},
    )
    await CaseStore(services.database).open(case)
    await services.queued(guild_id=GUILD, user_id=ANA, prompt="A red fox crosses a frozen lake at dawn, wide shot")
    await services.queued(guild_id=None, user_id=BO)
    owner, month = budget_of(GUILD), period_of(now, Period.MONTH)
    await services.database.transact(
        lambda tx: tx.execute(
            "INSERT INTO accounts (owner, period, allowance, held, settled, unit) "
            "VALUES ($1, $2, $3, $4, $5, 'usd_micros')",
            *(owner, month, 5_000_000, 420_000, 1_260_000),
        )
    )
    services.clock.now = now + timedelta(minutes=2)
    return held


def remembered(lines: RecentLines, job: Job) -> None:
    """Remember what the log may have said of a job."""
    for level, text in ((logging.INFO, "submitted"), (logging.DEBUG, "asked"), (logging.WARNING, "not polled")):
        record = logging.LogRecord("bot", level, "", 0, text, (), None)
        record.fields = {"job": job.id, "answer": "working", "seconds": 0.21}
        lines.handle(record)


@asynccontextmanager
async def window(browser: Browser, *, width: int, locale: str) -> AsyncIterator[Page]:
    """A window in which nothing may go wrong unseen."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, locale=locale)
    context.set_default_timeout(PATIENCE)
    page, problems = await context.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    await context.close()
    assert problems == []


async def sign_in(
    page: Page, services: Services, *, locale: str, user_id: int = OWNER, guild_id: int = EVERYWHERE
) -> None:
    services.staff.running.add((user_id, guild_id))
    entry = AuditEntry(id="link", guild_id=guild_id, actor_id=user_id, action="page_link", at=services.clock())
    link = await services.bot.services.page_access.invite(entry, locale=locale)
    await page.goto(link)
    assert "#" not in page.url
    assert await barriers(page) == []
    await picture(page, f"sign-in-{locale}")
    await page.locator("#sign-in button").click()
    await page.wait_for_url("**/page")


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (390, "zh-CN")])
async def test_an_owner_decides_about_a_dead_letter(browser: Browser, tmp_path: Path, width: int, locale: str) -> None:
    async with office(tmp_path) as (services, address, _), window(browser, width=width, locale=locale) as page:
        job = await services.jobs.mark_dead_letter(
            await services.submitting(prompt="<img src=x onerror=alert(1)>"),
            reason=DeadLetter.OUTCOME_UNKNOWN,
            now=services.clock(),
        )
        await sign_in(page, services, locale=locale)
        for path in PAGES:
            await page.goto(f"{address}{path}")
            assert await page.locator("html").get_attribute("lang") == locale
            assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        await page.goto(f"{address}/jobs")
        await page.get_by_role("link", name=job.id).click()
        await expect(page.locator("pre")).to_have_text("<img src=x onerror=alert(1)>")
        await page.locator("summary").nth(2).click()
        await page.locator("details[open] button").click()
        await expect(page.get_by_role("status")).to_be_visible()
        assert (await services.job(job)).status is JobStatus.FAILED


@pytest.mark.parametrize(
    ("width", "locale", "scheme"),
    [(1280, "en-US", "light"), (1280, "zh-CN", "dark"), (390, "en-US", "dark"), (390, "zh-CN", "light")],
)
async def test_every_page_is_seen(
    browser: Browser, tmp_path: Path, width: int, locale: str, scheme: Literal["light", "dark"]
) -> None:
    async with office(tmp_path) as (services, address, lines), window(browser, width=width, locale=locale) as page:
        await page.emulate_media(color_scheme=scheme)
        held = await a_month(services)
        remembered(lines, held)
        await sign_in(page, services, locale=locale)
        await page.goto(f"{address}/doctor")
        await page.locator("main button").click()
        await expect(page.locator(".findings li")).to_have_count(3)
        for path in (*PAGES, f"/jobs/{held.id}"):
            await page.goto(f"{address}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            assert await barriers(page) == []
            name = "job" if held.id in path else path.strip("/") or "overview"
            await picture(page, f"{name}-{locale}")
        await expect(page.locator("main bdi").first).to_have_text("Ana \N{RIGHT-TO-LEFT OVERRIDE}<b>")


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (390, "zh-CN")])
async def test_an_admin_sees_what_doctor_finds_of_their_server(
    browser: Browser, tmp_path: Path, width: int, locale: str
) -> None:
    async with office(tmp_path) as (services, *_), window(browser, width=width, locale=locale) as page:
        await sign_in(page, services, locale=locale, user_id=ANA, guild_id=GUILD)
        await page.locator('nav a[href$="/doctor"]').click()
        await expect(page.locator(".findings li")).to_have_count(3)
        await expect(page.locator(".findings .NOTE bdi")).to_have_text("#general")
        await expect(page.locator('nav a[href$="/settings"]')).to_have_count(0)
        assert await barriers(page) == []
        await picture(page, f"doctor-of-a-server-{locale}")


async def test_a_held_video_is_watched_before_it_is_decided_about(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "video.mp4"
    shots = (Shot(prompt="A fox", seconds=2),)
    await asyncio.to_thread(render, Video(shots=shots, width=320, height=180, fps=8, sound=True), file)
    playable = PlayableVideos(file.read_bytes())
    async with (
        office(tmp_path, fetcher=playable) as (services, address, _),
        window(browser, width=390, locale="en-US") as page,
    ):
        await a_month(services)
        await sign_in(page, services, locale="en-US")
        await page.goto(f"{address}/cases")
        await page.get_by_text("Watch").click()
        video = page.locator("video")
        await video.evaluate("video => { video.muted = true; return video.play() }")
        await expect(video).to_have_js_property("ended", value=True)
        assert await video.evaluate("video => [video.videoWidth, video.duration]") == [320, 2]
        assert await video.evaluate(WOUND) == 0.5
        await picture(page, "watched")


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where somebody wants to look at them (`PICTURES` names the folder)."""
    if folder := os.environ.get("PICTURES"):
        width = (page.viewport_size or {"width": 0})["width"]
        await page.screenshot(path=Path(folder) / f"operator-{name}-{width}.png", full_page=True)


async def test_the_overview_changes_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with office(tmp_path) as (services, *_), window(browser, width=1280, locale="en-US") as page:
        await sign_in(page, services, locale="en-US")
        await expect(page.locator("main")).to_contain_text("Nothing is under way.")
        await services.queued()
        await expect(page.locator("main")).to_contain_text("Waiting in line")
        await page.locator("header button").click()
        await expect(page.locator("main")).to_contain_text("You are signed out.")
        assert await barriers(page) == []
