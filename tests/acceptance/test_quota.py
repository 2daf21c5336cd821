"""Credits as people see them: what is left and why, gifts, and asking for more, in both languages and over restarts."""

import pytest

from bot.locale import words
from tests.acceptance.admins import run_admin
from tests.acceptance.controls import control, fields, labels
from tests.acceptance.moderators import ADMIN, approves, button, case, set_checks
from tests.acceptance.people import Json, People
from tests.acceptance.system import SMALL, System

SAY = words()
ZH = "zh-CN"
MINUS = "\N{MINUS SIGN}"


async def quota(people: People, *, user: str = "ana", locale: str | None = None) -> str:
    return await people.answer(await people.types("quota", user=user, locale=locale))


async def asks_for_more(people: People, *, credits_: str = "40", user: str = "ana", locale: str | None = None) -> str:
    """Press the button below `/quota` and send the form; the answer."""
    shown = await people.answered(await people.types("quota", user=user, locale=locale))
    opened = await people.presses(shown, "quota:more", user=user, locale=locale)
    await people.form(opened)
    sent = await people.submits(opened, user=user, locale=locale, credits=credits_, why="a film festival")
    return await people.answer(sent)


async def told_directly(people: People, part: str, *, user: str = "ana") -> Json:
    async def found() -> Json | None:
        return next((each for each in await people.messages("dm", user=user) if part in each["content"]), None)

    return await people.until(found, what=f"a direct message that says {part!r}")


async def ledger(people: People) -> str:
    shown = await people.answered(await people.types("quota"))
    return await people.answer(await people.presses(shown, "quota:ledger"))


async def test_the_quota_says_what_is_left_and_what_the_latest_videos_cost_the_ledger_every_move(
    system: System,
) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "grant", member="ana", credits=20, note="thank you")
        await people.types("video create", **SMALL)
        result = await people.result()
        await system.rest()
        english, chinese, every = await quota(people), await quota(people, locale=ZH), await ledger(people)
    for part in ("**57 of 60 credits** left", "🎁 20 credits that never expire", "**77 credits** now"):
        assert part in english
    assert f"`{MINUS}3` · [“" in english
    assert english.count(f"/{result['id']})") == 1
    for part in ("`+20` granted by an admin: thank you", f"`{MINUS}3` reserved for [“", "`3` of the reserved"):
        assert part in every
    for part in ("还剩 **57 点**，共 60 点额度", "永不过期：20 点额度", "`+20` 管理员发放"):
        assert part in chinese


async def test_what_nothing_came_of_was_not_charged_and_says_so(system: System) -> None:
    people = system.people
    await people.fault("kirin", "task_failed", code="1301")
    async with system.bot():
        await people.types("video create", **SMALL)
        await people.card(SAY("card.failed"))
        await system.rest()
        text, every = await quota(people), await ledger(people)
    assert "**60 of 60 credits** left" in text
    assert "`0` · [“" in text
    assert "not charged" in text
    assert "`+3` returned: [“" in every


async def test_a_pool_and_what_all_use_together_are_shown_to_those_they_concern(system: System) -> None:
    people = system.people
    await people.role("Team", members=["ana"])
    async with system.bot():
        await run_admin(people, "pool", name="crew", role="Team", credits=300, period="month")
        await run_admin(people, "allowance", credits=50, period="day", whole=True)
        mine, others = await quota(people), await quota(people, user="ben")
    assert "**crew**, shared: 300 of 300 credits left" in mine
    assert "Everyone in this server together: 50 of 50 credits left" in mine
    assert "You can spend **50 credits** now." in mine
    assert "crew" not in others


async def test_a_gift_expires_as_it_would_have_and_both_see_it(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "server", gifts=True)
        said = await people.answer(await people.types("gift", member="ben", credits=25))
        assert "25 credits" in said
        assert "**35 of 60 credits**" in await quota(people)
        assert f"`{MINUS}25` you gave to <@{system.id_of('users', 'ben')}>" in await quota(people)
        received = await quota(people, user="ben")
        assert "🎁 25 credits from other members · expire <t:" in received
        assert f"`+25` given to you by <@{system.id_of('users', 'ana')}>" in received
        (told,) = [each for each in await people.messages() if "🎁" in each["content"]]
        assert system.id_of("users", "ben") in [each["id"] for each in told["mentions"]]
    system.database.check()


async def test_a_gift_is_refused_where_it_cannot_be_and_nothing_moves(system: System) -> None:
    people = system.people
    async with system.bot():
        off = await people.answer(await people.types("gift", member="ben", credits=5))
        assert SAY("error.gifts_off") in off
        await run_admin(people, "server", gifts=True)
        oneself = await people.answer(await people.types("gift", member="ana", credits=5))
        assert SAY("error.gift_impossible") in oneself
        too_much = await people.answer(await people.types("gift", member="ben", credits=61))
        assert "61 credits" in too_much
        assert SAY("error.gift_too_large", price="61 credits", balance="60 credits") in too_much
        chinese = await people.answer(await people.types("gift", member="ana", credits=5, locale=ZH))
        assert words(ZH)("error.gift_impossible") in chinese
    assert system.database.rows("SELECT * FROM ledger") == []


async def test_what_more_credits_are_for_is_not_lost_by_a_number_that_is_none(system: System) -> None:
    people = system.people
    async with system.bot():
        shown = await people.answered(await people.types("quota"))
        opened = await people.presses(shown, "quota:more")
        await people.form(opened)
        refused = await people.answered(await people.submits(opened, credits="many", why="a film ```festival"))
        assert "a film ` ` `festival\n```" in refused["content"]
        await people.form(await people.presses(refused, "quota:more"))


async def test_who_asks_for_more_gets_it_once_an_admin_approves_even_after_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await set_checks(system)
        assert SAY("more.asked", credits="40 credits") in await asks_for_more(people)
        assert SAY("more.changed", credits="50 credits") in await asks_for_more(people, credits_="50")
        asked = await case(system, "50 credits")
        assert asked["components"]
    async with system.bot():
        assert "Done" not in await approves(system, asked, user="ben")
        assert "🎁" not in await quota(people)
        opened = await people.presses(asked, button(asked, "approve"), user=ADMIN)
        assert fields(await people.form(opened)) == {"credits": "50"}
        unclear = await people.answer(await people.submits(opened, user=ADMIN, credits="5000"))
        assert "from 1 to 1,000" in unclear
        await people.answer(await people.submits(opened, user=ADMIN, credits="40"))
        await told_directly(people, "granted you **40 credits**")
        assert "🎁 40 credits that never expire" in await quota(people)

        async def decided() -> bool:
            return not (await case(system, "a film festival"))["components"]

        await people.until(decided, what="a wish without buttons")
        assert [row["action"] for row in system.database.rows("SELECT action FROM audit")][-1] == "more_approved"
        assert SAY("more.asked", credits="7 credits") in await asks_for_more(people, credits_=" 7 ")


async def test_admins_have_the_bot_write_of_credits_to_nobody_outside_their_server(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "grant", member="ana", credits=5)
        await told_directly(people, "gave you **5 credits**")
        await people.change_settings(user="ben", has_app=True)  # the bot may write to him from elsewhere
        await people.leaves("ben")
        await run_admin(people, "grant", member="ben", credits=7)

        async def over() -> bool:
            return not system.database.rows("SELECT * FROM outbox WHERE kind = 'grant' AND due_at IS NOT NULL")

        await people.until(over, what="the end of the grant")
        assert await people.messages("dm", user="ben") == []


async def test_an_admin_gives_what_was_asked_for_with_one_tap(system: System) -> None:
    people = system.people
    async with system.bot():
        await set_checks(system)
        await asks_for_more(people, credits_="40")
        asked = await case(system, "40 credits")
        labels = [each["label"] for each in asked["components"][0]["components"]]
        assert labels == ["Approve 40 credits", "Another amount", "Deny"]
        forty = asked["components"][0]["components"][0]["custom_id"]
        assert "Approved" in await people.answer(await people.presses(asked, forty, user=ADMIN))
        await told_directly(people, "granted you **40 credits**")
        assert "🎁 40 credits that never expire" in await quota(people)


async def test_who_is_denied_is_told_in_their_language_and_gets_nothing(system: System) -> None:
    people, say = system.people, words(ZH)
    async with system.bot():
        await set_checks(system)
        assert "管理员申请 40 点额度" in await asks_for_more(people, locale=ZH)
        asked = await case(system, "a film festival")
    async with system.bot():
        await people.answer(await people.presses(asked, button(asked, "deny"), user="admin"))
        server = system.sandbox.discord.world.first_guild.name
        await told_directly(people, say("more.denied", credits="40 点额度", server=server))
        assert "🎁" not in await quota(people)
    assert system.database.rows("SELECT * FROM ledger") == []


async def test_who_takes_no_direct_messages_is_called_where_they_asked_without_the_amount(system: System) -> None:
    people, ana = system.people, system.id_of("users", "ana")
    await people.change_settings(user="ana", dms_open=False)
    async with system.bot():
        await set_checks(system)
        await asks_for_more(people)
        asked = await case(system, "a film festival")
        opened = await people.presses(asked, button(asked, "approve"), user=ADMIN)
        await people.form(opened)
        await people.answer(await people.submits(opened, user=ADMIN, credits="40"))

        async def called() -> list[Json] | None:
            return [each for each in await people.messages() if ana in each["content"]] or None

        (message,) = await people.until(called, what="a call in the channel")
    assert message["content"] == SAY("more.decided", mention=f"<@{ana}>")
    assert [each["id"] for each in message["mentions"]] == [ana]


async def test_a_request_for_credits_has_to_be_a_number_and_is_the_operators_where_no_admin_decides(
    system: System,
) -> None:
    people = system.people
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase")):
        for odd in ("many", "-5", "0", "1.5", "1001"):
            assert "whole number from 1 to 1,000" in await asks_for_more(people, credits_=odd)
        assert SAY("more.told", credits="40 credits") in await asks_for_more(people)
        (alert,) = await people.messages("showcase")
        assert "40 credits" in alert["content"]
    assert system.database.rows("SELECT * FROM cases") == []


async def test_a_price_table_of_the_operators_own_is_what_everybody_pays(system: System) -> None:
    people, prices = system.people, system.price_table(seconds=3, credits_=10)
    async with system.bot(price_table=prices):
        assert "10 credits" in await people.answer(await people.types("video create", **SMALL))
        await people.result()
        await system.rest()
    assert system.database.entries() == [("hold", 10), ("settle", 10)]
    assert system.database.job()["usd_micros"] == 1_500_000


async def test_a_price_that_changes_after_it_was_said_yes_to_is_asked_about_anew(system: System) -> None:
    people, prices = system.people, system.price_table(seconds=3, credits_=10)
    async with system.bot():
        await people.types("video create", **SMALL)
        message = await people.result()
        await system.rest()
    async with system.bot(price_table=prices):
        asked = await people.answered(await people.presses(message, control(message, "Again")))
        assert labels(asked)[0] == "Make it for 10 credits"
    async with system.bot():
        asked = await people.answered(await people.presses(asked, control(asked, "Make it")))
        assert labels(asked)[0] == "Make it for 3 credits"
        for _ in range(2):
            await people.answer(await people.presses(asked, control(asked, "Make it")))
        await system.rest()
    assert [job["credits"] for job in system.database.jobs()] == [3, 3]


async def test_shares_of_a_budget_are_told_once_each_and_anew_for_another_ceiling(system: System) -> None:
    people, showcase = system.people, system.id_of("channels", "showcase")

    async def alerts(count: int) -> list[str]:
        async def found() -> list[str] | None:
            texts = [each["content"] for each in await people.messages("showcase")]
            return texts if len(texts) >= count else None

        return await people.until(found, what=f"{count} alerts")

    async with system.bot(operator_channel_id=showcase):
        await run_admin(people, "budget", monthly="0.50")
        await people.types("video create", **SMALL)
        await people.result()
        await system.rest()
        assert "**50 %**" in (await alerts(1))[0]
        await people.types("video create", **SMALL)
        await system.rest()
        refused = await people.answer(await people.types("video create", **SMALL))
        assert SAY("error.budget.guild") in refused
        assert "**100 %**" in (await alerts(2))[1]
    async with system.bot(operator_channel_id=showcase):
        await run_admin(people, "budget", monthly="0.60")
        await people.answer(await people.types("video create", **SMALL))
        await system.rest()
        told = await alerts(3)
    assert len(told) == 3
    assert "0.76 USD of a budget of 0.60" not in told[2]
    system.database.check()


async def test_the_whole_bots_budget_refuses_everywhere_and_in_words(system: System) -> None:
    people = system.people
    async with system.bot(monthly_budget_usd="0.30", operator_channel_id=system.id_of("channels", "showcase")):
        await people.types("video create", **SMALL)
        await people.result()
        await system.rest()
        for user, locale in (("ana", None), ("ben", ZH)):
            refused = await people.answer(await people.types("video create", user=user, locale=locale, **SMALL))
            assert words(locale or "en-US")("error.budget.everywhere") in refused
    assert [row["settled"] for row in system.database.rows("SELECT * FROM accounts WHERE owner = 'budget:bot'")] == [
        252_000
    ]
    assert len(await people.tasks()) == 1


async def test_what_a_service_charges_in_its_own_units_is_kept_beside_the_estimate(system: System) -> None:
    async with system.bot():
        await system.people.types("video create", model="kling-v1", **{**SMALL, "duration": 5})
        await system.people.result()
        await system.rest()
    job, (task,) = system.database.job(), await system.people.tasks()
    assert (job["cost_micros"], job["usd_micros"]) == (None, 420_000)
    assert float(job["cost_units"]) * 0.14 == pytest.approx(float(task["cost"]))
