"""Moderation: rules, strikes, approval of requests and of videos, across restarts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import SteadyClock, utc_now
from tests.acceptance.admins import run_admin
from tests.acceptance.moderators import (
    ADMIN,
    MOD_CHANNEL,
    approves,
    button,
    case,
    denies,
    opens_denial,
    rule,
    set_checks,
)
from tests.acceptance.outcomes import called_once
from tests.acceptance.system import PROMPT, SMALL, System


async def ask(system: System, **options: object) -> str:
    return await system.people.answer(await system.people.types("video create", **{**SMALL, **options}))


async def test_a_prompt_that_a_rule_refuses_costs_nothing_and_reaches_no_service(system: System) -> None:
    async with system.bot():
        assert "kraken" in await rule(system, "kraken")
        refused = await ask(system, prompt="a KRÁKEN in the rain")
        assert "rules of this server" in refused
        assert "rules of this server" in await ask(system, prompt="a boat", negative="kra\u200bken")
        await ask(system, prompt="krakens at play")
        await system.rest()
    assert [job["status"] for job in system.database.jobs()] == ["succeeded"]
    assert len(await system.people.tasks()) == 1


async def test_a_request_is_made_once_a_moderator_approves_it_after_a_restart(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        assert "moderator" in await ask(system)
        held = await case(system, "Should this video be made?")
        assert PROMPT in held["embeds"][0]["description"]
        assert PROMPT not in await system.people.card("Waiting for a moderator")
    assert system.database.job()["status"] == "pending"
    assert system.database.balances() == (3, 0)
    async with system.bot():
        assert "Approved" in await approves(system, held)
        await system.people.result()
        await system.rest()
        decided = await case(system, "Approved by")
    assert decided["components"] == []
    assert decided["embeds"] == []
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


@pytest.mark.parametrize("hours", [-2, 2])
async def test_what_is_approved_is_made_at_once_however_wrong_the_clock_of_the_machine_is(
    system: System, hours: int
) -> None:
    clock = SteadyClock(wall=lambda: utc_now() + timedelta(hours=hours))
    async with system.bot(substitute=lambda world: replace(world, clock=clock)):
        await set_checks(system, approval="requests")
        await ask(system)
        assert "Approved" in await approves(system, await case(system))
        await system.people.result()
        await case(system, "Approved by")
        await system.rest()


async def test_a_denied_request_gives_everything_back_and_says_why(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await ask(system)
        held = await case(system)
        assert "Denied" in await denies(system, held, reason="not before noon")
        card = await system.people.card("A moderator didn't approve it")
        assert "not before noon" not in card
        assert PROMPT not in card
        told = await system.people.answer(await system.people.types("video jobs"))
        assert "not before noon" in told
        assert "not before noon" not in str(await system.people.messages())
        await system.rest()
        (ended,) = await system.people.cards()
        assert [each["label"] for row in ended["components"] for each in row["components"]] == ["Why?"]
        await case(system, "Denied by")
    called = await called_once(system, "denied")
    assert "not before noon" not in called["content"]
    assert PROMPT not in called["content"]
    assert system.database.entries() == [("hold", 3), ("release", 3)]
    assert await system.people.tasks() == []


async def test_an_author_takes_a_held_request_back_and_the_case_is_closed(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await ask(system)
        denial = await opens_denial(system, await case(system))
        (job,) = system.database.jobs()
        assert "3" in await system.people.answer(await system.people.types("video cancel", job=job["id"]))
        await case(system, "Withdrawn")
        late = await system.people.answer(await system.people.submits(denial, user=ADMIN))
        assert "already settled" in late
        assert "was withdrawn" in late
    assert system.database.entries() == [("hold", 3), ("release", 3)]


async def test_of_two_moderators_the_second_is_told(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await ask(system)
        held = await case(system)
        denial = await opens_denial(system, held)
        await approves(system, held)
        assert "it was approved" in await system.people.answer(await system.people.submits(denial, user=ADMIN))
        await system.rest()
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_who_is_no_moderator_decides_nothing(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await ask(system)
        held = await case(system)
        assert "Manage Messages" in await approves(system, held, user="ben")
        opened = await system.people.presses(held, button(held, "deny"), user="ben")
        assert "Manage Messages" in await system.people.answer(opened)
        assert system.database.job()["status"] == "pending"
        await denies(system, held)
        await system.rest()


async def test_a_finished_video_waits_for_a_moderator_and_is_posted_after_a_restart(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="results")
        assert "before it is posted" in await ask(system)
        held = await case(system, "Should this video be posted?")
        (video,) = held["attachments"]
        assert video["filename"].startswith("SPOILER_case-")
        assert await system.people.card("a moderator decides whether it is posted")
        assert await system.people.results() == []
    async with system.bot():
        await approves(system, held)
        await system.people.result()
        await system.rest()
        assert await system.people.cards() == []
        decided = await case(system, "Approved by")
        assert decided["attachments"] == []
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_a_denied_video_is_nobodys_and_costs_its_author_nothing(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="results")
        await ask(system)
        held = await case(system)
        await denies(system, held)
        await system.people.card("A moderator didn't approve it")
        await system.rest()
        await case(system, "Denied by")
    assert await system.people.results() == []
    assert system.database.entries() == [("hold", 3), ("release", 3)]
    (budget,) = system.database.rows("SELECT * FROM accounts WHERE owner LIKE 'budget:%'")
    assert (budget["held"], budget["settled"]) == (0, system.database.job()["cost_micros"])


async def test_both_are_asked_for_one_after_the_other(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="both")
        await ask(system)
        await approves(system, await case(system, "Should this video be made?"))
        await approves(system, await case(system, "Should this video be posted?"))
        await system.people.result()
        await system.rest()


async def test_a_held_rule_asks_a_moderator_and_a_warning_does_not(system: System) -> None:
    async with system.bot():
        await set_checks(system)
        await rule(system, "r(ai|a)n", action="hold", kind="regex")
        await rule(system, "boat", action="warn")
        assert "moderator" in await ask(system)
        held = await case(system, "It matches your rules")
        assert "r(ai|a)n" in held["content"].replace("\\", "")
        await denies(system, held)
        assert "matches a rule of this server" in await ask(system, prompt="a boat at sea")
        await system.rest()
    assert sorted(job["status"] for job in system.database.jobs()) == ["failed", "succeeded"]


async def test_strikes_lead_to_a_block_that_is_on_record(system: System) -> None:
    async with system.bot():
        await rule(system, "kraken")
        sent = await system.people.types("admin moderation strikes", user=ADMIN, strikes=2, hours=3)
        await system.people.answer(sent)
        assert "1 more" in await ask(system, prompt="a kraken")
        last = await ask(system, prompt="a kraken")
        assert "the last strike" in last
        assert "try again" not in last
        assert "can't make videos" in await ask(system)
        assert "On its way" in await system.people.answer(
            await system.people.types("video create", user="ben", **SMALL)
        )
        await system.rest()
    (entry,) = system.database.rows("SELECT * FROM audit WHERE action = 'strikes'")
    assert str(system.id_of("users", "ana")) in entry["detail"]


async def test_everything_is_said_in_chinese(system: System) -> None:
    await system.people.change_settings(locale="zh-CN")
    async with system.bot():
        sent = await system.people.types(
            "admin moderation checks",
            user=ADMIN,
            locale="zh-CN",
            also={"channel": await _room(system), "approval": "requests"},
        )
        assert "已保存" in await system.people.answer(sent)
        sent = await system.people.types("video create", locale="zh-CN", **SMALL)
        assert "版主要先看过" in await system.people.answer(sent)
        held = await case(system, "要生成这个视频吗")
        await denies(system, held, reason="太早了")
        assert "太早了" not in await system.people.card("版主没有通过")
        assert "太早了" in await system.people.answer(await system.people.types("video jobs", locale="zh-CN"))
        await system.rest()


async def _room(system: System) -> str:
    await system.people.channel(MOD_CHANNEL)
    return MOD_CHANNEL


@pytest.mark.parametrize("pattern", ["(a|aa)+$", ".*", "(unclosed"])
async def test_a_pattern_that_would_not_do_is_refused_in_words(system: System, pattern: str) -> None:
    async with system.bot():
        answer = await rule(system, pattern, kind="regex")
        assert "Nothing has changed" in answer
        sent = await system.people.types("admin moderation rules", user=ADMIN)
        assert "```" not in await system.people.answer(sent)


async def test_what_the_video_service_refuses_counts_against_nobody(system: System) -> None:
    async with system.bot():
        await rule(system, "kraken")
        await system.people.answer(await system.people.types("admin moderation strikes", user=ADMIN, strikes=1))
        await system.people.fault("kling", "task_failed", code="1301")
        await ask(system, model="kling-v1", duration=5)
        await system.people.card("content rules")
        await system.rest()
    assert system.database.rows("SELECT * FROM strikes") == []
    assert system.database.rows("SELECT * FROM members") == []


async def test_a_private_request_is_looked_at_too_and_stays_private(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="both")
        assert "can read all of it" in await ask(system, private=True)
        asked = await case(system, "Should this video be made?")
        assert "Private" in asked["content"]
        await approves(system, asked)
        await approves(system, await case(system, "Should this video be posted?"))
        await system.people.result("dm")
        await system.rest()
    assert await system.people.results() == []


async def test_moderators_may_decide_where_videos_are_posted(system: System) -> None:
    async with system.bot():
        await set_checks(system, channel="general", approval="results")
        await ask(system)

        async def held() -> bool:
            return any(each["components"] for each in await system.people.results())

        await system.people.until(held, what="the case")
        (asked,) = [each for each in await system.people.results() if each["components"]]
    async with system.bot():
        await approves(system, asked)
        await system.rest()

        async def posted() -> bool:
            found = [each["attachments"][0]["filename"] for each in await system.people.results()]
            return found == [f"shotcaller-{system.database.job()['id']}.mp4"]

        await system.people.until(posted, what="the video alone")


async def test_what_a_prompt_says_means_nothing_among_the_moderators(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await ask(system, prompt="@everyone ``` **look** [here](https://evil.example) <@&1>")
        asked = await case(system)
        assert not asked["mention_everyone"]
        assert asked["embeds"][0]["description"].count("```") == 2
        await denies(system, asked, reason="@everyone **no**")
        await system.people.card("A moderator didn't approve it")
        assert "\\*\\*no" in await system.people.answer(await system.people.types("video jobs"))
        await system.rest()


async def test_with_the_moderators_channel_gone_nothing_is_held_for_them(system: System) -> None:
    async with system.bot():
        await set_checks(system, approval="requests")
        await system.people.channel(MOD_CHANNEL, delete=True)
        assert "no channel" in await ask(system)
        assert "they would have to decide is refused" in await run_admin(system.people, "doctor")
    assert system.database.jobs() == []
