"""Credits between people, and who hears how budgets stand: through the services, over a real database."""

from typing import Any

import pytest

from bot import errors
from bot.domain import Allowance, AuditEntry, CaseState, Member, Policy
from bot.domain.policy import Pool
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.service.admin.credits import GiftOffer, MoreCreditsOutcome
from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.money.budget_alerts import note_share
from bot.store.outbox import OutboxStore
from tests.service.services import Services

ANA = Member(user_id=1, guild_id=7)


def entry(services: Services, key: str, guild_id: int = 7) -> AuditEntry:
    return AuditEntry(id=key, guild_id=guild_id, actor_id=9, action="changed", at=services.clock())


async def decided(services: Services, key: str = "policy", **changes: Any) -> None:
    def apply(policy: Policy) -> Policy:
        return policy.changed(**changes)

    await GuildStore(services.database).change(entry(services, key), apply)


async def moderated(services: Services) -> None:
    await decided(services, "mod", moderation={"channel_id": 55})


def present(amount: int = 20, *, to: int = 2, bot: bool = False) -> GiftOffer:
    return GiftOffer(key="g", receiver_id=to, to_bot=bot, credits=amount)


async def ask_for_more(services: Services, key: str = "1", member: Member = ANA) -> MoreCreditsOutcome:
    return await services.bot.services.credits.ask_for_more(
        member, key=key, credits_=20, why="a film", locale="zh-CN", asked_in=5
    )


async def extras(services: Services, user_id: int) -> int:
    """What they have that came from people."""
    balances = await services.bot.services.videos.balances(Member(user_id=user_id, guild_id=7))
    return sum(source.account.balance for source in balances.sources if source.account.owner.startswith("extra:"))


async def test_a_gift_moves_credits_where_the_guild_has_that(services: Services) -> None:
    await decided(services, gifts=True)
    assert await services.bot.services.credits.give(ANA, present()) == 40
    assert await services.bot.services.credits.give(ANA, present()) == 40
    assert await extras(services, 2) == 20
    assert (await services.bot.services.videos.balances(ANA)).own.account.balance == 40


async def test_what_was_given_of_an_allowance_is_gone_when_that_renews(services: Services) -> None:
    await decided(services, gifts=True)
    await services.bot.services.credits.give(ANA, present())
    back = GiftOffer(key="back", receiver_id=1, to_bot=False, credits=80)
    assert await services.bot.services.credits.give(Member(user_id=2, guild_id=7), back) == 0
    assert [await extras(services, each) for each in (1, 2)] == [80, 0]
    services.clock.tick(86_400)
    assert [await extras(services, each) for each in (1, 2)] == [0, 0]
    assert (await services.bot.services.videos.balances(ANA)).balance == 60


async def test_nobody_can_give_away_what_they_share(services: Services) -> None:
    pool = Pool(name="team", role_id=3, allowance=Allowance(credits=90))
    await decided(services, gifts=True, pools=(pool,))
    giver = Member(user_id=1, guild_id=7, role_ids=frozenset({3}))
    with pytest.raises(errors.GiftTooLarge) as caught:
        await services.bot.services.credits.give(giver, present(61))
    assert caught.value.balance == 60


@pytest.mark.parametrize("giver", [ANA, Member(user_id=1)])
async def test_gifts_are_off_unless_a_guild_turns_them_on(services: Services, giver: Member) -> None:
    with pytest.raises(errors.GiftsOff):
        await services.bot.services.credits.give(giver, present())


@pytest.mark.parametrize("gift", [present(to=1), present(bot=True), present(0), present(-5)])
async def test_nobody_gives_to_themselves_to_bots_or_less_than_a_credit(services: Services, gift: GiftOffer) -> None:
    await decided(services, gifts=True)
    with pytest.raises(errors.GiftImpossible):
        await services.bot.services.credits.give(ANA, gift)


async def test_who_is_blocked_gives_nothing_and_nobody_gives_more_than_they_have(services: Services) -> None:
    await decided(services, gifts=True)
    with pytest.raises(errors.GiftTooLarge):
        await services.bot.services.credits.give(ANA, present(61))
    until = services.clock().replace(year=2027)
    await GuildStore(services.database).block(entry(services, "b"), user_id=1, until=until, reason="spam")
    with pytest.raises(errors.Blocked):
        await services.bot.services.credits.give(ANA, present())
    assert await extras(services, 2) == 0


async def test_a_request_for_credits_goes_to_those_who_decide_once_at_a_time(services: Services) -> None:
    await moderated(services)
    assert [await ask_for_more(services, key) for key in "12"] == [MoreCreditsOutcome.ASKED, MoreCreditsOutcome.CHANGED]
    case = await CaseStore(services.database).case("more-1")
    assert case is not None
    assert (case.channel_id, case.user_id, case.state) == (55, 1, CaseState.OPEN)
    assert dict(case.body) == {"credits": 20, "why": "a film", "locale": "zh-CN", "asked_in": 5}
    services.clock.tick(8 * 86_400)
    assert await ask_for_more(services, "3") is MoreCreditsOutcome.ASKED


async def test_where_nobody_decides_the_operator_hears_of_a_request_for_credits(services: Services) -> None:
    assert await ask_for_more(services) is MoreCreditsOutcome.TOLD
    assert services.alerts() == ["more user 1, server 7"]
    with pytest.raises(errors.CaseUnknown):
        await ask_for_more(services, member=Member(user_id=1))


@pytest.mark.parametrize(("typed", "given"), [(20, 20), (7, 7), (0, 0), (10**9, MAX_REQUESTED_CREDITS)])
async def test_a_decision_gives_what_an_admin_typed_and_tells_whose_it_was(
    services: Services, typed: int, given: int
) -> None:
    await moderated(services)
    await ask_for_more(services)
    case = await services.bot.services.credits.decide_more("more-1", guild_id=7, given=typed, by=9, key="press")
    assert await extras(services, 1) == given
    for _ in range(2):
        await services.bot.outbox.post_due()
    assert [each.body.get("given", 0) for each in services.discord.asked("tell_decision")] == [given]
    assert case.state is (CaseState.APPROVED if given else CaseState.DENIED)
    (latest, *_) = await AuditStore(services.database).of_guild(7, most=1)
    assert (latest.action, latest.actor_id) == ("more_approved" if given else "more_denied", 9)
    with pytest.raises(errors.CaseDecided):
        await services.bot.services.credits.decide_more("more-1", guild_id=7, given=20, by=8, key="again")
    assert await extras(services, 1) == given


@pytest.mark.parametrize("trouble", [errors.DestinationLost("50007"), errors.DestinationBusy("429")])
async def test_a_decision_holds_though_its_person_cannot_be_told(services: Services, trouble: Exception) -> None:
    await moderated(services)
    await ask_for_more(services)
    services.discord.then("tell_decision", trouble)
    await services.bot.services.credits.decide_more("more-1", guild_id=7, given=20, by=9, key="press")
    for _ in range(3):
        await services.bot.outbox.post_due()
        services.clock.tick(60)
    assert await extras(services, 1) == 20
    assert len(services.discord.asked("tell_decision")) == 1 + isinstance(trouble, errors.DestinationBusy)


@pytest.mark.parametrize(("case_id", "guild_id"), [("more-1", 8), ("more-2", 7), ("request-1", 7)])
async def test_only_a_guilds_own_requests_are_its_to_decide(services: Services, case_id: str, guild_id: int) -> None:
    await moderated(services)
    await ask_for_more(services)
    with pytest.raises(errors.CaseUnknown):
        await services.bot.services.credits.decide_more(case_id, guild_id=guild_id, given=20, by=9, key="press")
    assert await extras(services, 1) == 0


async def test_a_database_that_refuses_gives_nothing(services: Services) -> None:
    await decided(services, gifts=True)
    services.database.refusals = 1
    with pytest.raises(errors.StoreUnavailable):
        await services.bot.services.credits.give(ANA, present())
    assert await extras(services, 2) == 0


# -- budgets


async def reached(
    services: Services, percent: int, *, owner: str = "budget:guild:7", ceiling: int = 10_000_000
) -> None:
    await services.database.transact(
        lambda tx: note_share(
            tx, owner, "2026-03", percent, used=ceiling * percent // 100, ceiling=ceiling, now=services.clock()
        )
    )


async def test_of_several_shares_of_one_budget_the_highest_is_told_once(services: Services) -> None:
    for percent in (50, 80):
        await reached(services, percent)
    await services.bot.outbox.post_due()
    await services.bot.outbox.post_due()
    (alert,) = services.discord.asked("alert")
    assert (alert.subject, alert.detail) == ("80 %", "8.00 USD of a budget of 10.00 USD, server 7, 2026-03")
    assert 0 < len(alert.key) <= 25
    (entry_, *more) = await AuditStore(services.database).of_guild(7, most=9)
    assert (entry_.action, entry_.actor_id, dict(entry_.detail), more) == (
        "budget_used",
        0,
        {"percent": 80, "used": "8.00", "ceiling": "10.00"},
        [],
    )


async def test_a_budget_without_room_is_told_as_such_however_much_is_left(services: Services) -> None:
    await reached(services, 100)
    await services.bot.outbox.post_due()
    (entry_,) = await AuditStore(services.database).of_guild(7, most=9)
    assert entry_.action == "budget_spent"


async def test_the_whole_bots_budget_is_the_operators_alone_to_hear_of(services: Services) -> None:
    await reached(services, 100, owner="budget:bot")
    await services.bot.outbox.post_due()
    assert services.alerts() == ["budget 100 %"]
    assert await services.database.transact(lambda tx: tx.all("SELECT * FROM audit")) == []


async def test_each_ceiling_is_told_of_under_a_name_of_its_own(services: Services) -> None:
    await reached(services, 50)
    await reached(services, 50, ceiling=20_000_000)
    await services.bot.outbox.post_due()
    assert len({alert.key for alert in services.discord.asked("alert")}) == 2


async def test_a_busy_discord_is_told_later_and_a_closed_channel_no_more(services: Services) -> None:
    await reached(services, 50)
    services.discord.then("alert", errors.DestinationBusy("429"))
    services.discord.then("alert", errors.DestinationLost("50001"))
    for _ in range(3):
        await services.bot.outbox.post_due()
        services.clock.tick(60)
    keys = [alert.key for alert in services.discord.asked("alert")]
    assert (len(keys), len(set(keys))) == (2, 1)
    assert len(await AuditStore(services.database).of_guild(7, most=9)) == 1


async def test_what_was_told_just_before_a_crash_is_told_under_the_same_name(services: Services) -> None:
    await reached(services, 50)

    def told_and_then_locked() -> None:
        services.database.refusals = 1

    services.discord.then("alert", told_and_then_locked)
    await services.bot.outbox.post_due()
    await OutboxStore(services.database).recover()
    await services.bot.outbox.post_due()
    assert len(services.discord.asked("alert")) == 2
    assert len({alert.key for alert in services.discord.asked("alert")}) == 1
