"""Who gets into the operator's page, what they see there, and what those try who may not."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.domain import AuditEntry
from bot.errors import DestinationBusy, PageNotOffered
from bot.locale import words
from bot.service.admin.page_access import LIFETIMES, LINK_LIFE, RIGHTS_FRESH
from bot.service.ports import Named
from bot.web.page.drawing import entry_text
from bot.web.page.guard import HEADERS, LIVE
from bot.web.page.site import TRIES, Site, serve_page
from bot.wiring.build import page_address
from tests.service.services import SETTINGS
from tests.web.office import ADMIN, COOKIE, GUILD, ORIGIN, OTHER_GUILD, OWNER, Office


async def test_whoever_is_not_signed_in_sees_nothing(office: Office) -> None:
    for path in ("/page", "/page/spend", "/page/spend/day.csv", "/page/settings", "/page/audit"):
        answer = await office.get(path)
        assert answer.status == 401
        assert "/admin page" in await answer.text()


async def test_the_owner_signs_in_with_a_link_and_out_again(office: Office) -> None:
    await office.sign_in()
    assert "Nothing is under way" in await (await office.get()).text()
    answer = await office.post("/page/sign-out", {"proof": await office.proof()})
    assert (answer.status, answer.cookies[COOKIE].value) == (200, "")
    assert (await office.get()).status == 401
    assert await office.acts() == ["page_link", "page_signed_in", "page_signed_out"]


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office) -> None:
    answer = await office.post("/page/sign-in", {"secret": await office.link()})
    cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Strict", "/")
    assert int(cookie["max-age"]) <= 8 * 60 * 60


async def test_a_link_works_once(office: Office) -> None:
    secret = await office.link()
    assert (await office.post("/page/sign-in", {"secret": secret})).status == 303
    again = await office.post("/page/sign-in", {"secret": secret})
    assert again.status == 403
    assert "been used" in await again.text()


async def test_a_link_does_not_work_for_long(office: Office) -> None:
    secret = await office.link()
    office.services.clock.now += LINK_LIFE
    assert (await office.post("/page/sign-in", {"secret": secret})).status == 403


async def test_a_new_link_ends_the_one_before(office: Office) -> None:
    first, second = await office.link(), await office.link()
    assert (await office.post("/page/sign-in", {"secret": first})).status == 403
    assert (await office.post("/page/sign-in", {"secret": second})).status == 303


async def test_looking_at_a_link_does_not_use_it_up(office: Office) -> None:
    secret = await office.link()
    for _ in range(3):
        assert (await office.get("/page/sign-in")).status == 200
    assert (await office.post("/page/sign-in", {"secret": secret})).status == 303


@pytest.mark.parametrize("secret", ["", "x", "x" * 101, "\N{SNOWMAN}"])
async def test_what_is_no_secret_signs_nobody_in(office: Office, secret: str) -> None:
    assert (await office.post("/page/sign-in", {"secret": secret})).status == 403


async def test_whoever_guesses_keeps_nobody_out_and_does_not_reach_the_database(office: Office) -> None:
    secret = await office.link()
    office.services.database.refusals = 1000
    for guess in ("guess", ".", f"{secret[:-1]}x", f"x{secret}", secret.partition(".")[0]):
        assert (await office.post("/page/sign-in", {"secret": guess})).status == 403
    for _ in range(10 * TRIES):
        assert (await office.post("/page/sign-in", {"secret": "guess." + "0" * 32})).status == 403
    office.services.database.refusals = 0
    assert (await office.post("/page/sign-in", {"secret": secret})).status == 303


async def test_a_link_is_tried_a_few_times_a_minute_and_the_others_all_the_same(office: Office) -> None:
    spent = await office.link()
    assert (await office.post("/page/sign-in", {"secret": spent})).status == 303
    tries = [(await office.post("/page/sign-in", {"secret": spent})).status for _ in range(TRIES)]
    assert tries == [403] * (TRIES - 1) + [429]
    assert (await office.post("/page/sign-in", {"secret": await office.link()})).status == 303
    office.services.clock.now += timedelta(minutes=1)
    assert (await office.post("/page/sign-in", {"secret": spent})).status == 403


async def test_made_up_sessions_do_not_reach_the_database(office: Office) -> None:
    link = await office.link()
    office.services.database.refusals = 1000
    for cookie in ("x", "x." + "0" * 32, link):
        office.cookie = cookie
        assert (await office.get()).status == 401, "not even a link's secret is a session"


async def test_no_secret_is_in_the_database(office: Office) -> None:
    secret = await office.link()
    await office.sign_in(ADMIN, GUILD)
    rows = await office.services.database.transact(
        lambda tx: tx.all("SELECT hash FROM page_links UNION ALL SELECT hash FROM page_sessions")
    )
    assert len(rows) == 2
    assert not {row["hash"] for row in rows} & {secret, office.cookie}


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", "http://shotcaller.example", f"{ORIGIN}.evil"])
async def test_forms_of_other_sites_are_refused(office: Office, origin: str) -> None:
    secret = await office.link()
    assert (await office.post("/page/sign-in", {"secret": secret}, Origin=origin)).status == 403
    await office.sign_in(ADMIN, GUILD)
    assert (await office.post("/page/sign-out", {"proof": await office.proof()}, Origin=origin)).status == 403
    assert (await office.get()).status == 200


@pytest.mark.parametrize("proof", ["", "0" * 64, "\N{SNOWMAN}"])
async def test_a_forged_form_is_refused(office: Office, proof: str) -> None:
    await office.sign_in()
    assert (await office.post("/page/sign-out", {"proof": proof})).status == 403
    assert (await office.get()).status == 200


async def test_the_form_of_another_session_is_refused(office: Office) -> None:
    await office.sign_in(ADMIN, GUILD)
    theirs = await office.proof()
    await office.sign_in()
    assert (await office.post("/page/sign-out", {"proof": theirs})).status == 403


async def test_another_name_that_leads_here_is_refused(office: Office) -> None:
    await office.sign_in()
    answer = await office.get(Host="rebound.example")
    assert (answer.status, await answer.text()) == (421, "")


async def test_an_altered_cookie_is_nobodys(office: Office) -> None:
    await office.sign_in()
    for cookie in (office.cookie[:-1], office.cookie + "x", office.cookie.swapcase(), "%00", "\N{SNOWMAN}"):
        office.cookie = cookie
        assert (await office.get()).status == 401


async def test_a_session_ends_an_hour_after_its_last_use(office: Office) -> None:
    await office.sign_in()
    for _ in range(2):
        office.services.clock.now += LIFETIMES.idle - timedelta(minutes=1)
        assert (await office.get()).status == 200
    office.services.clock.now += LIFETIMES.idle
    assert (await office.get()).status == 401


async def test_what_the_page_asks_by_itself_keeps_no_session_open(office: Office) -> None:
    await office.sign_in()
    for _ in range(3):
        office.services.clock.now += LIFETIMES.idle / 4
        assert (await office.get(**{LIVE: "1"})).status == 200
    office.services.clock.now += LIFETIMES.idle / 4
    assert (await office.get(**{LIVE: "1"})).status == 401


async def test_a_session_ends_after_eight_hours_however_much_it_is_used(office: Office) -> None:
    await office.sign_in()
    for _ in range(15):
        office.services.clock.now += timedelta(minutes=30)
        assert (await office.get()).status == 200
    office.services.clock.now += timedelta(minutes=30)
    assert (await office.get()).status == 401


async def test_whoever_runs_it_no_more_is_shut_out(office: Office) -> None:
    await office.sign_in(ADMIN, GUILD)
    assert (await office.get()).status == 200
    office.services.staff.running.clear()
    office.services.clock.now += RIGHTS_FRESH
    assert (await office.get()).status == 401
    office.services.staff.running.add((ADMIN, GUILD))
    office.services.clock.now += RIGHTS_FRESH
    assert (await office.get()).status == 401, "the session is over for good"
    assert (await office.acts(GUILD))[-1] == "page_shut_out"


async def test_nobody_is_believed_while_discord_does_not_say(office: Office) -> None:
    await office.sign_in()
    office.services.staff.then("runs", DestinationBusy("discord_503"))
    assert (await office.get()).status == 503
    assert (await office.get()).status == 200


async def test_nothing_is_shown_while_the_database_refuses(office: Office) -> None:
    await office.sign_in()
    office.services.database.refusals = 1
    answer = await office.get()
    assert answer.status == 503
    assert "try again" in (await answer.text()).lower()


async def test_a_links_owner_who_runs_nothing_gets_in_nowhere(office: Office) -> None:
    answer = await office.post("/page/sign-in", {"secret": await office.link(ADMIN, GUILD)})
    office.cookie = answer.cookies[COOKIE].value
    assert (await office.get()).status == 401


async def test_admins_have_no_page_unless_the_operator_allows_it(office: Office) -> None:
    await office.sign_in(ADMIN, GUILD)
    office.services.restart(public_url=ORIGIN, page_port=1)
    with pytest.raises(PageNotOffered):
        await office.link(ADMIN, GUILD)
    site = Site(office.services.bot.services, address=f"{ORIGIN}/page")
    async with TestClient(TestServer(site.application())) as client:
        office.client = client
        assert (await office.get()).status == 401, "and those who are signed in lose it"


async def test_nobody_has_a_page_where_none_is_set_up(office: Office) -> None:
    office.services.restart()
    with pytest.raises(PageNotOffered):
        await office.link()


async def test_every_answer_says_what_browsers_may_do_with_it(office: Office) -> None:
    await office.sign_in()
    for path in ("/page", "/page/page.js", "/page/nothing", "/page/sign-in", "/page/spend/day.csv"):
        answer = await office.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    page = await (await office.get()).text()
    assert not re.search(r"<script(?! src)|<style| style=| on[a-z]+=|https?://", page)


async def test_an_owner_sees_every_server_and_an_admin_their_own(office: Office) -> None:
    await office.services.queued(guild_id=GUILD, user_id=41)
    await office.services.queued(guild_id=OTHER_GUILD, user_id=42)
    await office.services.queued(guild_id=None, user_id=43)
    await office.sign_in()
    text = await (await office.get("/page/spend/member.csv")).text()
    assert re.findall(r"^(4\d),1,0,5,0.42", text, re.MULTILINE) == ["41", "42", "43"]
    assert re.findall(r"^(\d*),1,", await (await office.get("/page/spend/server.csv")).text(), re.MULTILINE) == [
        "",
        "7",
        "8",
    ]
    assert ">3<" in await (await office.get()).text()
    await office.sign_in(ADMIN, GUILD)
    text = await (await office.get("/page/spend/member.csv")).text()
    assert re.findall(r"^(4\d),", text, re.MULTILINE) == ["41"]
    for path in ("/page/spend/server.csv", "/page/spend/everything.csv", "/page/settings"):
        assert (await office.get(path)).status == 404
    page = await (await office.get("/page/spend")).text()
    assert "42" not in re.findall(r"<th scope=\"row\">(.*?)</th>", page)


async def test_days_and_models_are_added_up(office: Office) -> None:
    for duration in (5, 10):
        await office.services.queued(guild_id=GUILD, duration=duration)
    await office.sign_in()
    text = await (await office.get("/page/spend/model.csv")).text()
    assert "kirin kirin_v3_t2v,2,0,10,0.840000,0.840000" in text
    assert (
        f"{office.services.clock().date()},2,0,10,0.840000,0.840000"
        in await (await office.get("/page/spend/day.csv")).text()
    )
    assert "<rect" in await (await office.get("/page/spend")).text()


async def test_thirty_whole_days_are_added_up(office: Office) -> None:
    clock = office.services.clock
    first = clock.now.replace(hour=0, minute=30)
    clock.now = first - timedelta(hours=1)  # late on the day before them
    await office.services.queued(guild_id=GUILD, duration=10)
    clock.now = first
    await office.services.queued(guild_id=GUILD, duration=5)
    clock.now = first.replace(hour=23) + timedelta(days=29)
    await office.sign_in()
    text = await (await office.get("/page/spend/day.csv")).text()
    days = [line for line in text.splitlines() if line[:4].isdigit()]
    assert len(days) == 30
    assert days[0] == f"{first.date()},1,0,5,0.420000,0.420000"
    assert days[-1].startswith(f"{clock.now.date()},0,")
    assert "kirin_v3_t2v,1,0,5," in await (await office.get("/page/spend/model.csv")).text()


async def test_settings_are_shown_without_their_secrets(office: Office) -> None:
    await office.sign_in()
    text = await (await office.get("/page/settings")).text()
    assert "KIRIN_API_KEY" in text
    assert "KEEP_FILES_DAYS" in text
    assert not re.search(">(token|key)<", text)
    assert SETTINGS.shown()["DISCORD_TOKEN"] == "•••"


async def test_the_audit_is_told_in_words_and_only_of_ones_own(office: Office) -> None:
    await office.sign_in(ADMIN, GUILD)
    await office.services.pause(guild_id=OTHER_GUILD)
    page = await (await office.get("/page/audit")).text()
    assert f"{ADMIN} signed in to the operator&#39;s page" in page
    assert "test" not in re.findall("<td>(.*?)</td>", page)
    await office.services.pause(guild_id=GUILD)
    assert "1 test" in await (await office.get("/page/audit")).text(), "whatever has no words is told by its name"
    await office.sign_in()
    assert f"{OWNER} signed in" in await (await office.get("/page/audit")).text()


@pytest.mark.parametrize(
    ("action", "detail", "text"),
    [
        (
            "job_cancel",
            {"member": 3, "job": "ab", "credits": 5, "since": "2026-11-28T12:00:00+00:00", "message": [7, 5, 6]},
            "9 cancelled the video that 3 asked for 2 minutes ago (5 credits). ab",
        ),
        (
            "job_cancel",
            {"member": 3, "job": "ab", "credits": 5},
            "9 cancelled the video that 3 asked for earlier (5 credits). ab",
        ),
        ("report_removed", {"member": 3, "case": "report-ab"}, "9 deleted a reported video by 3. report-ab"),
        ("changed", {"changes": [{"path": "limits.longest"}]}, "limits.longest"),
    ],
)
def test_an_entry_is_put_in_words(action: str, detail: dict[str, object], text: str) -> None:
    moment = datetime(2026, 11, 28, 12, 2, tzinfo=UTC)
    entry = AuditEntry(id="1", guild_id=7, actor_id=9, action=action, at=moment, detail=detail)
    assert text in entry_text(entry, words(), Named())


async def test_the_page_speaks_chinese(office: Office) -> None:
    office.locale = "zh-CN"
    await office.sign_in()
    text = await (await office.get()).text()
    assert '<html lang="zh-CN">' in text
    assert "没有进行中的视频" in text
    assert "登录" in await (await office.get("/page/sign-in", **{"Accept-Language": "zh-TW,en;q=0.5"})).text()


async def test_a_mistake_of_ours_is_a_page_without_details(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    await office.sign_in()
    office.services.staff.then("runs", RuntimeError("inner workings"))
    answer = await office.get()
    assert answer.status == 500
    assert "inner workings" not in await answer.text()
    assert "the page could not be made" in caplog.text


async def test_what_is_over_is_forgotten(office: Office) -> None:
    await office.link(ADMIN, GUILD)
    await office.sign_in()
    access = office.services.bot.services.page_access
    assert await access.forget() == 0
    office.services.clock.now += LIFETIMES.whole
    assert await access.forget() == 2


async def test_the_page_is_at_its_port_until_the_bot_stops(office: Office) -> None:
    assert page_address(SETTINGS.model_copy(update={"page_port": 8082})) == "http://127.0.0.1:8082/page"
    services = office.services.bot.services
    async with serve_page(services, host="127.0.0.1", port=0, address=f"{ORIGIN}/page") as port:
        assert port > 0
