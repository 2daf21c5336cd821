"""What people ask for, and that nothing has moved when they are told so."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.guild import FOR_GOOD, AuditEntry
from bot.domain.job import Destination, JobStatus
from bot.domain.member import Member
from bot.domain.policy import Limits
from bot.domain.request import VideoRequest
from bot.domain.terms import alternatives
from bot.errors import (
    BudgetExceeded,
    ConfirmationNeeded,
    DestinationLost,
    ImpossibleRequest,
    JobUnknown,
    ModelUnknown,
    OperatorFault,
    OverLimit,
    Paused,
    ProviderBusy,
    ProviderUnavailable,
    QuotaExceeded,
    SeveralReasons,
    StoreUnavailable,
    TooLateToCancel,
    TooManyJobs,
)
from bot.service.jobs.types import Accepted, Asking
from bot.service.ports.notifier import Posted
from bot.store.community.guilds import GuildStore
from tests.service.house import House

WISH = VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice")


async def ask(house: House, wish: VideoRequest = WISH, *, key: str = "1", most: int = 3, user_id: int = 1) -> Accepted:
    place = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)
    asking = Asking(key=key, member=Member(user_id=user_id, guild_id=7), locale="en-US", destination=place)
    return await house.videos(most=most).request(wish, asking)


async def credit(house: House, user_id: int = 1) -> tuple[int, int]:
    account = (await house.videos().standing(Member(user_id=user_id, guild_id=7))).own.account
    return account.held, account.balance


async def test_an_accepted_request_is_a_job_with_a_card_a_hold_and_a_worker_that_hears_of_it(house: House) -> None:
    accepted = await ask(house)
    assert (accepted.new, accepted.job.status, accepted.price.credits) == (True, JobStatus.QUEUED, 5)
    assert accepted.left == 55
    assert await credit(house) == (5, 55)
    assert accepted.job.card_message_id is not None
    assert accepted.job.deadline_at > house.clock()
    assert house.woken == 1


async def test_the_same_interaction_twice_is_one_job_and_one_hold(house: House) -> None:
    first, second = await ask(house), await ask(house)
    assert (second.new, second.job.id) == (False, first.job.id)
    assert second.job.card_message_id == first.job.card_message_id
    assert await credit(house) == (5, 55)


@pytest.mark.parametrize("since", ["paused", "blocked", "penniless", "down", "impossible"])
async def test_what_was_accepted_is_not_refused_when_the_same_button_is_pressed_again(house: House, since: str) -> None:
    first = await ask(house)
    entry = AuditEntry(id="i", guild_id=7, actor_id=9, action="blocked", at=house.clock())
    match since:
        case "paused":
            await house.pause(guild_id=7)
        case "blocked":
            await GuildStore(house.database).block(entry, user_id=1, until=FOR_GOOD, reason="")
        case "down":
            house.clock.tick(61)
            house.kirin.then("check", ProviderUnavailable(provider="kirin"))
    again = replace(house, allowance=0) if since == "penniless" else house
    wish = WISH.model_copy(update={"model": "dream-9"}) if since == "impossible" else WISH
    second = await ask(again, wish, most=1)
    assert (second.new, second.job.id, second.price) == (False, first.job.id, first.price)
    assert (await credit(house))[0] == 5


async def test_nobody_is_shown_a_job_that_somebody_else_asked_for(house: House) -> None:
    await ask(house)
    await house.pause(guild_id=7)
    with pytest.raises(Paused):
        await ask(house, user_id=2)


async def test_many_at_once_never_spend_more_than_there_is(house: House) -> None:
    poor = replace(house, allowance=12)
    answers = await asyncio.gather(*(ask(poor, key=str(n), most=99) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == 8
    assert await credit(poor) == (10, 2)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"model": "dream-9"}, ModelUnknown),
        ({"cfg_scale": 0.5}, ImpossibleRequest),
        ({"model": "kling-v1", "duration": 7}, ImpossibleRequest),
    ],
)
async def test_what_cannot_be_is_refused_before_anybody_is_asked(
    house: House, wish: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(house, VideoRequest(**{**dict(WISH), **wish}))
    assert house.kirin.calls + house.kling.calls + house.discord.calls == []
    assert await credit(house) == (0, 60)


async def test_as_many_jobs_as_one_may_have_and_no_more(house: House) -> None:
    await ask(house, key="1", most=1)
    with pytest.raises(TooManyJobs):
        await ask(house, key="2", most=1)
    assert await credit(house) == (5, 55)
    assert (await ask(house, key="3", most=1, user_id=2)).new


@pytest.mark.parametrize("error", [OperatorFault, ProviderUnavailable])
async def test_a_service_that_would_not_take_it_costs_nothing(house: House, error: type[Any]) -> None:
    house.kirin.then("check", error(provider="kirin", code="401"))
    with pytest.raises(error):
        await ask(house)
    assert house.alerts() == (["operator_fault kirin"] if error is OperatorFault else [])
    assert await credit(house) == (0, 60)


async def test_a_busy_service_keeps_nobody_from_queueing(house: House) -> None:
    house.kirin.then("check", ProviderBusy(provider="kirin"))
    assert (await ask(house)).new


async def test_a_service_that_hangs_is_not_waited_for_long(house: House) -> None:
    hasty = replace(house, patience=0.01)
    hasty.kirin.then("check", asyncio.Event())
    with pytest.raises(ProviderUnavailable, match="slow"):
        await ask(hasty)


async def test_a_service_that_answered_lately_is_not_asked_for_every_request(house: House) -> None:
    await ask(house, key="1")
    await ask(house, key="2")
    assert len(house.kirin.asked("check")) == 1
    house.clock.tick(61)
    await ask(house, key="3")
    assert len(house.kirin.asked("check")) == 2


async def test_a_service_in_doubt_is_asked_again(house: House) -> None:
    await house.health["kirin"].ensure()
    house.health["kirin"].doubt()
    await house.health["kirin"].ensure()
    assert len(house.kirin.asked("check")) == 2


async def test_a_database_that_refuses_accepts_nothing_and_the_operator_hears_of_it(house: House) -> None:
    await house.expectation.of(WISH)
    house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await ask(house)
    assert house.alerts() == ["store_unavailable database"]
    assert await credit(house) == (0, 60)
    assert house.woken == 0


async def test_what_was_accepted_is_never_denied_afterwards(house: House) -> None:
    def posted_and_then_locked() -> Posted:
        house.database.refusals = 2
        return Posted(channel_id=5, message_id=9)

    house.discord.then("post_card", posted_and_then_locked)
    accepted = await ask(house)
    assert (accepted.new, accepted.left) == (True, None)
    house.discord.then("post_card", DestinationLost("50001"))
    assert (await ask(house, key="2")).job.card_message_id is None


async def test_a_database_that_refuses_right_after_the_job_was_kept_denies_nothing(house: House) -> None:
    place = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)

    def woken_and_locked() -> None:
        house.database.refusals = 2

    videos = house.videos(wake=woken_and_locked)
    accepted = await videos.request(
        WISH, Asking(key="1", member=Member(user_id=1, guild_id=7), locale="en-US", destination=place)
    )
    assert (accepted.new, accepted.left, accepted.job.card_message_id) == (True, None, None)


async def test_taking_back_frees_the_credits_while_nobody_has_heard_of_the_job(house: House) -> None:
    job = (await ask(house)).job
    with pytest.raises(JobUnknown):
        await house.videos().cancel(job.id, user_id=2)
    cancelled = await house.videos().cancel(job.id, user_id=1)
    assert cancelled.status is JobStatus.CANCELLED
    assert await credit(house) == (0, 60)
    with pytest.raises(TooLateToCancel):
        await house.videos().cancel(job.id, user_id=1)
    with pytest.raises(JobUnknown):
        await house.videos().cancel("nonsense", user_id=1)


async def test_the_latest_jobs_come_newest_first_with_their_place_in_the_queue(house: House) -> None:
    second = await ask(house, key="2", user_id=2)
    house.clock.tick(1)
    first = await ask(house, key="1")
    house.clock.tick(1)
    third = await ask(house, key="3")
    await house.videos().cancel(first.job.id, user_id=1)
    views = await house.videos().latest(user_id=1, guild_id=7)
    assert [(view.job.id, view.position) for view in views] == [(third.job.id, 2), (first.job.id, None)]
    assert second.job.id not in {view.job.id for view in views}
    assert await house.videos().latest(user_id=1, guild_id=None) == []


async def test_an_allowance_renews_at_midnight(house: House) -> None:
    await ask(house)
    renews_at = (await house.videos().standing(Member(user_id=1, guild_id=7))).own.renews_at
    assert renews_at is not None
    house.clock.now = renews_at
    assert await credit(house) == (0, 60)


async def test_without_a_name_the_first_model_is_meant(house: House) -> None:
    assert house.videos().capability(None).model == "kirin_v3_t2v"


async def test_whoever_tells_of_budgets_is_woken_by_a_refusal_for_one(house: House) -> None:
    admin = AuditEntry(id="1", guild_id=7, actor_id=9, action="budget", at=house.clock())
    await GuildStore(house.database).change(admin, lambda policy: policy.changed(budget_usd_micros=1))
    with pytest.raises(BudgetExceeded):
        await ask(house)
    assert house.woken == 1


async def decided(house: House, **policy: Any) -> None:
    """Let the guild's admins decide that."""
    admin = AuditEntry(id=str(policy), guild_id=7, actor_id=9, action="budget", at=house.clock())
    await GuildStore(house.database).change(admin, lambda present: present.changed(**policy))


async def test_all_that_is_in_the_way_is_named_at_once(house: House) -> None:
    await decided(house, budget_usd_micros=1, limits=Limits(longest=5, sound=False))
    house.allowance = 3
    with pytest.raises(SeveralReasons) as caught:
        await ask(house, WISH.model_copy(update={"duration": 9, "sound": True}))
    named = [type(each) for each in caught.value.reasons]
    assert named == [OverLimit, OverLimit, QuotaExceeded, BudgetExceeded]
    assert await credit(house) == (0, 3)


async def test_as_many_videos_as_one_may_have_are_named_among_what_is_in_the_way(house: House) -> None:
    await decided(house, limits=Limits(longest=5))
    await ask(house, key="1", most=1)
    with pytest.raises(SeveralReasons) as caught:
        await ask(house, WISH.model_copy(update={"duration": 9}), key="2", most=1)
    assert [type(each) for each in caught.value.reasons] == [OverLimit, TooManyJobs]
    assert await credit(house) == (5, 55)


async def test_what_the_model_cannot_do_is_named_beside_what_the_server_does_not_allow(house: House) -> None:
    await decided(house, limits=Limits(longest=5))
    with pytest.raises(SeveralReasons) as caught:
        await ask(house, WISH.model_copy(update={"duration": 99}))
    assert [type(each) for each in caught.value.reasons] == [ImpossibleRequest, OverLimit]


async def test_a_spent_budget_refuses_before_anybody_is_asked_for_a_yes(house: House) -> None:
    await decided(house, budget_usd_micros=1, confirm_usd_micros=0)
    with pytest.raises(BudgetExceeded):
        await ask(house)
    await decided(house, budget_usd_micros=None)
    with pytest.raises(ConfirmationNeeded):
        await ask(house)


async def test_terms_say_what_would_be_accepted(house: House) -> None:
    await decided(house, limits=Limits(longest=4), budget_usd_micros=10_000_000)
    house.allowance = 7
    terms = await house.videos().terms(Member(user_id=1, guild_id=7))
    assert ([each.model for each in terms.models], terms.credits, terms.usd_micros) == (
        ["kirin_v3_t2v"],
        7,
        10_000_000,
    )
    (instead,) = alternatives(WISH, terms)
    assert (await ask(house, instead)).job.request.duration == 4


async def test_where_a_server_allows_no_model_all_are_shown_and_its_limit_is_told(house: House) -> None:
    await decided(house, limits=Limits(models={"another"}))
    shown = await house.videos().offered(Member(user_id=1, guild_id=7))
    assert [each.model for each in shown] == ["kirin_v3_t2v", "kling-v1"]


async def test_a_card_that_fails_unexpectedly_takes_back_no_acceptance(house: House) -> None:
    house.discord.then("post_card", RuntimeError("a bug"))
    accepted = await ask(house)
    assert (accepted.new, accepted.job.card_message_id) == (True, None)
