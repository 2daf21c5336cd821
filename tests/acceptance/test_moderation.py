"""Moderation: rules, strikes, approval of requests and of videos, across restarts."""

import pytest

from tests.acceptance.admins import does
from tests.acceptance.moderators import ADMIN, ROOM, approves, button, case, checks, denies, opens_denial, rule
from tests.acceptance.outcomes import called_once
from tests.acceptance.stage import PROMPT, SMALL, Stage


async def ask(stage: Stage, **options: object) -> str:
    return await stage.people.answer(await stage.people.types("video create", **{**SMALL, **options}))


async def test_a_prompt_that_a_rule_refuses_costs_nothing_and_reaches_no_service(stage: Stage) -> None:
    async with stage.bot():
        assert "kraken" in await rule(stage, "kraken")
        refused = await ask(stage, prompt="a KRÁKEN in the rain")
        assert "rules of this server" in refused
        assert "rules of this server" in await ask(stage, prompt="a boat", negative="kra\u200bken")
        await ask(stage, prompt="krakens at play")
        await stage.rest()
    assert [job["status"] for job in stage.books.jobs()] == ["succeeded"]
    assert len(await stage.people.tasks()) == 1


async def test_a_request_is_made_once_a_moderator_approves_it_after_a_restart(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        assert "moderator" in await ask(stage)
        held = await case(stage, "May this video be made?")
        assert PROMPT in held["embeds"][0]["description"]
        assert PROMPT not in await stage.people.card("Waiting for a moderator")
    assert stage.books.job()["status"] == "pending"
    assert stage.books.balances() == (3, 0)
    async with stage.bot():
        assert "Approved" in await approves(stage, held)
        await stage.people.result()
        await stage.rest()
        decided = await case(stage, "Approved by")
    assert decided["components"] == []
    assert decided["embeds"] == []
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


async def test_a_denied_request_gives_everything_back_and_says_why(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await ask(stage)
        held = await case(stage)
        assert "Denied" in await denies(stage, held, reason="not before noon")
        card = await stage.people.card("did not let it pass")
        assert "not before noon" not in card
        assert PROMPT not in card
        told = await stage.people.answer(await stage.people.types("video jobs"))
        assert "not before noon" in told
        assert "not before noon" not in str(await stage.people.messages())
        await stage.rest()
        assert [each["components"] for each in await stage.people.cards()] == [[]]
        await case(stage, "Denied by")
    called = await called_once(stage, "denied")
    assert "not before noon" not in called["content"]
    assert PROMPT not in called["content"]
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
    assert await stage.people.tasks() == []


async def test_an_author_takes_a_held_request_back_and_the_case_is_closed(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await ask(stage)
        denial = await opens_denial(stage, await case(stage))
        (job,) = stage.books.jobs()
        assert "3" in await stage.people.answer(await stage.people.types("video cancel", job=job["id"]))
        await case(stage, "Taken back")
        late = await stage.people.answer(await stage.people.submits(denial, user=ADMIN))
        assert "settled already" in late
        assert "taken back" in late
    assert stage.books.entries() == [("hold", 3), ("release", 3)]


async def test_of_two_moderators_the_second_is_told(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await ask(stage)
        held = await case(stage)
        denial = await opens_denial(stage, held)
        await approves(stage, held)
        assert "it was approved" in await stage.people.answer(await stage.people.submits(denial, user=ADMIN))
        await stage.rest()
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


async def test_who_is_no_moderator_decides_nothing(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await ask(stage)
        held = await case(stage)
        assert "Manage Messages" in await approves(stage, held, user="ben")
        opened = await stage.people.presses(held, button(held, "deny"), user="ben")
        assert "Manage Messages" in await stage.people.answer(opened)
        assert stage.books.job()["status"] == "pending"
        await denies(stage, held)
        await stage.rest()


async def test_a_finished_video_waits_for_a_moderator_and_is_posted_after_a_restart(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="results")
        assert "before it is posted" in await ask(stage)
        held = await case(stage, "May this video be posted?")
        (film,) = held["attachments"]
        assert film["filename"].startswith("SPOILER_case-")
        assert await stage.people.card("a moderator decides whether it is posted")
        assert await stage.people.results() == []
    async with stage.bot():
        await approves(stage, held)
        await stage.people.result()
        assert PROMPT in await stage.people.card("Done")
        await stage.rest()
        decided = await case(stage, "Approved by")
        assert decided["attachments"] == []
    assert stage.books.entries() == [("hold", 3), ("settle", 3)]


async def test_a_denied_video_is_nobodys_and_costs_its_author_nothing(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="results")
        await ask(stage)
        held = await case(stage)
        await denies(stage, held)
        await stage.people.card("did not let it pass")
        await stage.rest()
        await case(stage, "Denied by")
    assert await stage.people.results() == []
    assert stage.books.entries() == [("hold", 3), ("release", 3)]
    (budget,) = stage.books.rows("SELECT * FROM accounts WHERE owner = 'budget:bot'")
    assert (budget["held"], budget["settled"]) == (0, stage.books.job()["cost_micros"])


async def test_both_are_asked_for_one_after_the_other(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="both")
        await ask(stage)
        await approves(stage, await case(stage, "May this video be made?"))
        await approves(stage, await case(stage, "May this video be posted?"))
        await stage.people.result()
        await stage.rest()


async def test_a_held_rule_asks_a_moderator_and_a_warning_does_not(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage)
        await rule(stage, "r(ai|a)n", action="hold", kind="regex")
        await rule(stage, "boat", action="warn")
        assert "moderator" in await ask(stage)
        held = await case(stage, "Rules find something")
        assert "r(ai|a)n" in held["content"].replace("\\", "")
        await denies(stage, held)
        assert "A rule of this server finds something" in await ask(stage, prompt="a boat at sea")
        await stage.rest()
    assert sorted(job["status"] for job in stage.books.jobs()) == ["failed", "succeeded"]


async def test_strikes_lead_to_a_block_that_is_on_record(stage: Stage) -> None:
    async with stage.bot():
        await rule(stage, "kraken")
        sent = await stage.people.types("admin moderation strikes", user=ADMIN, strikes=2, hours=3)
        await stage.people.answer(sent)
        assert "1 more" in await ask(stage, prompt="a kraken")
        last = await ask(stage, prompt="a kraken")
        assert "one too many" in last
        assert "try again" not in last
        assert "can't ask for videos" in await ask(stage)
        assert "On its way" in await stage.people.answer(await stage.people.types("video create", user="ben", **SMALL))
        await stage.rest()
    (entry,) = stage.books.rows("SELECT * FROM audit WHERE action = 'strikes'")
    assert str(stage.id_of("users", "ana")) in entry["detail"]


async def test_everything_is_said_in_chinese(stage: Stage) -> None:
    await stage.people.turn(locale="zh-CN")
    async with stage.bot():
        sent = await stage.people.types(
            "admin moderation checks",
            user=ADMIN,
            locale="zh-CN",
            also={"channel": await _room(stage), "approval": "requests"},
        )
        assert "已生效" in await stage.people.answer(sent)
        sent = await stage.people.types("video create", locale="zh-CN", **SMALL)
        assert "管理员要先看过" in await stage.people.answer(sent)
        held = await case(stage, "可以生成这个视频吗")
        await denies(stage, held, reason="太早了")
        assert "太早了" not in await stage.people.card("管理员没有让它通过")
        assert "太早了" in await stage.people.answer(await stage.people.types("video jobs", locale="zh-CN"))
        await stage.rest()


async def _room(stage: Stage) -> str:
    await stage.people.room(ROOM)
    return ROOM


@pytest.mark.parametrize("pattern", ["(a|aa)+$", ".*", "(unclosed"])
async def test_a_pattern_that_would_not_do_is_refused_in_words(stage: Stage, pattern: str) -> None:
    async with stage.bot():
        answer = await rule(stage, pattern, kind="regex")
        assert "Nothing has changed" in answer
        sent = await stage.people.types("admin moderation rules", user=ADMIN)
        assert "```" not in await stage.people.answer(sent)


async def test_what_the_video_service_refuses_counts_against_nobody(stage: Stage) -> None:
    async with stage.bot():
        await rule(stage, "kraken")
        await stage.people.answer(await stage.people.types("admin moderation strikes", user=ADMIN, strikes=1))
        await stage.people.fault("kling", "task_failed", code="1301")
        await ask(stage, model="kling-v1", duration=5)
        await stage.people.card("content rules")
        await stage.rest()
    assert stage.books.rows("SELECT * FROM strikes") == []
    assert stage.books.rows("SELECT * FROM members") == []


async def test_a_private_request_is_looked_at_too_and_stays_private(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="both")
        assert "sees everything that you wrote" in await ask(stage, private=True)
        asked = await case(stage, "May this video be made?")
        assert "Private" in asked["content"]
        await approves(stage, asked)
        await approves(stage, await case(stage, "May this video be posted?"))
        await stage.people.result("dm")
        await stage.rest()
    assert await stage.people.results() == []


async def test_moderators_may_decide_where_videos_are_posted(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, channel="general", approval="results")
        await ask(stage)

        async def held() -> bool:
            return any(each["components"] for each in await stage.people.results())

        await stage.people.until(held, what="the case")
        (asked,) = [each for each in await stage.people.results() if each["components"]]
    async with stage.bot():
        await approves(stage, asked)
        await stage.rest()

        async def posted() -> bool:
            found = [each["attachments"][0]["filename"] for each in await stage.people.results()]
            return found == [f"shotcaller-{stage.books.job()['id']}.mp4"]

        await stage.people.until(posted, what="the video alone")


async def test_what_a_prompt_says_means_nothing_among_the_moderators(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await ask(stage, prompt="@everyone ``` **look** [here](https://evil.example) <@&1>")
        asked = await case(stage)
        assert not asked["mention_everyone"]
        assert asked["embeds"][0]["description"].count("```") == 2
        await denies(stage, asked, reason="@everyone **no**")
        await stage.people.card("did not let it pass")
        assert "\\*\\*no" in await stage.people.answer(await stage.people.types("video jobs"))
        await stage.rest()


async def test_with_the_moderators_channel_gone_nothing_is_held_for_them(stage: Stage) -> None:
    async with stage.bot():
        await checks(stage, approval="requests")
        await stage.people.room(ROOM, delete=True)
        assert "no channel" in await ask(stage)
        assert "what they would have to decide is refused" in await does(stage.people, "doctor")
    assert stage.books.jobs() == []
