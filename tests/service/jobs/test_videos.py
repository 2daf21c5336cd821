"""What people ask for, and that nothing has moved when they are told so."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot import errors
from bot.domain import AuditEntry, Destination, JobStatus, Member, VideoRequest
from bot.domain.guild import FOREVER
from bot.domain.policy import GuildLimits
from bot.domain.terms import alternatives
from bot.service.jobs.types import Accepted, RequestContext
from bot.service.ports import Posted
from bot.store.community.guilds import GuildStore
from tests.service.services import SETTINGS, Services

REQUEST = VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice")


async def ask(
    services: Services, asked: VideoRequest = REQUEST, *, key: str = "1", most: int = 3, user_id: int = 1
) -> Accepted:
    place = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)
    context = RequestContext(key=key, member=Member(user_id=user_id, guild_id=7), locale="en-US", destination=place)
    bot = services.bot if most == SETTINGS.max_jobs_per_user else services.build(max_jobs_per_user=most)
    return await bot.services.videos.request(asked, context)


async def credit(services: Services, user_id: int = 1) -> tuple[int, int]:
    account = (await services.bot.services.videos.balances(Member(user_id=user_id, guild_id=7))).own.account
    return account.held, account.balance


async def test_an_accepted_request_is_a_job_with_a_card_a_hold_and_a_worker_that_hears_of_it(
    services: Services,
) -> None:
    accepted = await ask(services)
    assert (accepted.new, accepted.job.status, accepted.price.credits) == (True, JobStatus.QUEUED, 5)
    assert accepted.left == 55
    assert await credit(services) == (5, 55)
    assert accepted.job.card_message_id is not None
    assert accepted.job.deadline_at > services.clock()
    assert services.woken


async def test_the_same_interaction_twice_is_one_job_and_one_hold(services: Services) -> None:
    first, second = await ask(services), await ask(services)
    assert (second.new, second.job.id) == (False, first.job.id)
    assert second.job.card_message_id == first.job.card_message_id
    assert await credit(services) == (5, 55)


@pytest.mark.parametrize("said", [None, 4, 6])
async def test_a_button_that_says_another_price_or_none_has_the_right_one_said_first(
    services: Services, said: int | None
) -> None:
    services.bot.services.videos.check_price(REQUEST, said=5)
    with pytest.raises(errors.PriceUnseen) as refusal:
        services.bot.services.videos.check_price(REQUEST, said=said)
    assert refusal.value.price == 5


@pytest.mark.parametrize("since", ["paused", "blocked", "penniless", "down", "impossible"])
async def test_what_was_accepted_is_not_refused_when_the_same_button_is_pressed_again(
    services: Services, since: str
) -> None:
    first = await ask(services)
    entry = AuditEntry(id="i", guild_id=7, actor_id=9, action="blocked", at=services.clock())
    match since:
        case "paused":
            await services.pause(guild_id=7)
        case "blocked":
            await GuildStore(services.database).block(entry, user_id=1, until=FOREVER, reason="")
        case "down":
            services.clock.tick(61)
            services.kirin.then("check", errors.ProviderUnavailable(provider="kirin"))
    again = replace(services, allowance=0) if since == "penniless" else services
    asked = REQUEST.model_copy(update={"model": "dream-9"}) if since == "impossible" else REQUEST
    second = await ask(again, asked, most=1)
    assert (second.new, second.job.id, second.price) == (False, first.job.id, first.price)
    assert (await credit(services))[0] == 5


async def test_nobody_is_shown_a_job_that_somebody_else_asked_for(services: Services) -> None:
    await ask(services)
    await services.pause(guild_id=7)
    with pytest.raises(errors.Paused):
        await ask(services, user_id=2)


async def test_many_at_once_never_spend_more_than_there_is(services: Services) -> None:
    poor = replace(services, allowance=12)
    answers = await asyncio.gather(*(ask(poor, key=str(n), most=99) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, errors.QuotaExceeded) for answer in answers) == 8
    assert await credit(poor) == (10, 2)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"model": "dream-9"}, errors.ModelUnknown),
        ({"cfg_scale": 0.5}, errors.ImpossibleRequest),
        ({"model": "kling-v1", "duration": 7}, errors.ImpossibleRequest),
    ],
)
async def test_what_cannot_be_is_refused_before_anybody_is_asked(
    services: Services, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(services, VideoRequest(**{**dict(REQUEST), **asked}))
    assert services.kirin.calls + services.kling.calls + services.discord.calls == []
    assert await credit(services) == (0, 60)


async def test_as_many_jobs_as_one_may_have_and_no_more(services: Services) -> None:
    await ask(services, key="1", most=1)
    with pytest.raises(errors.TooManyJobs):
        await ask(services, key="2", most=1)
    assert await credit(services) == (5, 55)
    assert (await ask(services, key="3", most=1, user_id=2)).new


@pytest.mark.parametrize("error", [errors.OperatorFault, errors.ProviderUnavailable])
async def test_a_service_that_would_not_take_it_costs_nothing(services: Services, error: type[Any]) -> None:
    services.kirin.then("check", error(provider="kirin", code="401"))
    with pytest.raises(error):
        await ask(services)
    assert services.alerts() == (["operator_fault kirin"] if error is errors.OperatorFault else [])
    assert await credit(services) == (0, 60)


async def test_a_busy_service_keeps_nobody_from_queueing(services: Services) -> None:
    services.kirin.then("check", errors.ProviderBusy(provider="kirin"))
    assert (await ask(services)).new


async def test_a_service_that_hangs_is_not_waited_for_long(services: Services) -> None:
    hasty = replace(services, sizes=replace(services.sizes, card_patience=0.01, provider_patience=0.01))
    hasty.kirin.then("check", asyncio.Event())
    with pytest.raises(errors.ProviderUnavailable, match="slow"):
        await ask(hasty)


async def test_a_service_that_answered_lately_is_not_asked_for_every_request(services: Services) -> None:
    await ask(services, key="1")
    await ask(services, key="2")
    assert len(services.kirin.asked("check")) == 1
    services.clock.tick(61)
    await ask(services, key="3")
    assert len(services.kirin.asked("check")) == 2


async def test_a_service_in_doubt_is_asked_again(services: Services) -> None:
    await services.health["kirin"].ensure()
    services.health["kirin"].note_doubt()
    await services.health["kirin"].ensure()
    assert len(services.kirin.asked("check")) == 2


async def test_a_database_that_refuses_accepts_nothing_and_the_operator_hears_of_it(services: Services) -> None:
    await services.forecaster.of(REQUEST)
    services.database.refusals = 1
    with pytest.raises(errors.StoreUnavailable):
        await ask(services)
    assert services.alerts() == ["store_unavailable database"]
    assert await credit(services) == (0, 60)
    assert not services.woken


async def test_what_was_accepted_is_never_denied_afterwards(services: Services) -> None:
    def posted_and_then_locked() -> Posted:
        services.database.refusals = 2
        return Posted(channel_id=5, message_id=9)

    services.discord.then("post_card", posted_and_then_locked)
    accepted = await ask(services)
    assert (accepted.new, accepted.left) == (True, None)
    services.discord.then("post_card", errors.DestinationLost("50001"))
    assert (await ask(services, key="2")).job.card_message_id is None


async def test_a_database_that_refuses_right_after_the_job_was_kept_denies_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)

    def woken_and_locked() -> None:
        services.database.refusals = 2

    monkeypatch.setattr(services.bot.woken, "set", woken_and_locked)
    accepted = await services.bot.services.videos.request(
        REQUEST, RequestContext(key="1", member=Member(user_id=1, guild_id=7), locale="en-US", destination=place)
    )
    assert (accepted.new, accepted.left, accepted.job.card_message_id) == (True, None, None)


async def test_taking_back_frees_the_credits_while_nobody_has_heard_of_the_job(services: Services) -> None:
    job = (await ask(services)).job
    with pytest.raises(errors.JobUnknown):
        await services.bot.services.videos.cancel(job.id, user_id=2)
    cancelled = await services.bot.services.videos.cancel(job.id, user_id=1)
    assert cancelled.status is JobStatus.CANCELLED
    assert await credit(services) == (0, 60)
    with pytest.raises(errors.TooLateToCancel):
        await services.bot.services.videos.cancel(job.id, user_id=1)
    with pytest.raises(errors.JobUnknown):
        await services.bot.services.videos.cancel("nonsense", user_id=1)


async def test_the_latest_jobs_come_newest_first_with_their_place_in_the_queue(services: Services) -> None:
    second = await ask(services, key="2", user_id=2)
    services.clock.tick(1)
    first = await ask(services, key="1")
    services.clock.tick(1)
    third = await ask(services, key="3")
    await services.bot.services.videos.cancel(first.job.id, user_id=1)
    views = await services.bot.services.videos.latest(user_id=1, guild_id=7)
    assert [(view.job.id, view.position) for view in views] == [(third.job.id, 2), (first.job.id, None)]
    assert second.job.id not in {view.job.id for view in views}
    assert await services.bot.services.videos.latest(user_id=1, guild_id=None) == []


async def test_an_allowance_renews_at_midnight(services: Services) -> None:
    await ask(services)
    renews_at = (await services.bot.services.videos.balances(Member(user_id=1, guild_id=7))).own.renews_at
    assert renews_at is not None
    services.clock.now = renews_at
    assert await credit(services) == (0, 60)


async def test_without_a_name_the_first_model_is_meant(services: Services) -> None:
    assert services.bot.services.videos.capability(None).model == "kirin_v3_t2v"


async def test_whoever_tells_of_budgets_is_woken_by_a_refusal_for_one(services: Services) -> None:
    admin = AuditEntry(id="1", guild_id=7, actor_id=9, action="budget", at=services.clock())
    await GuildStore(services.database).change(admin, lambda policy: policy.changed(budget_usd_micros=1))
    with pytest.raises(errors.BudgetExceeded):
        await ask(services)
    assert services.woken


async def decided(services: Services, **policy: Any) -> None:
    """Let the guild's admins decide that."""
    admin = AuditEntry(id=str(policy), guild_id=7, actor_id=9, action="budget", at=services.clock())
    await GuildStore(services.database).change(admin, lambda present: present.changed(**policy))


async def test_all_that_is_in_the_way_is_named_at_once(services: Services) -> None:
    await decided(services, budget_usd_micros=1, limits=GuildLimits(longest=5, sound=False))
    services.allowance = 3
    services.restart()
    with pytest.raises(errors.SeveralReasons) as caught:
        await ask(services, REQUEST.model_copy(update={"duration": 9, "sound": True}))
    named = [type(each) for each in caught.value.reasons]
    assert named == [errors.OverLimit, errors.OverLimit, errors.QuotaExceeded, errors.BudgetExceeded]
    assert await credit(services) == (0, 3)


async def test_as_many_videos_as_one_may_have_are_named_among_what_is_in_the_way(services: Services) -> None:
    await decided(services, limits=GuildLimits(longest=5))
    await ask(services, key="1", most=1)
    with pytest.raises(errors.SeveralReasons) as caught:
        await ask(services, REQUEST.model_copy(update={"duration": 9}), key="2", most=1)
    assert [type(each) for each in caught.value.reasons] == [errors.OverLimit, errors.TooManyJobs]
    assert await credit(services) == (5, 55)


async def test_what_the_model_cannot_do_is_named_beside_what_the_server_does_not_allow(services: Services) -> None:
    await decided(services, limits=GuildLimits(longest=5))
    with pytest.raises(errors.SeveralReasons) as caught:
        await ask(services, REQUEST.model_copy(update={"duration": 99}))
    assert [type(each) for each in caught.value.reasons] == [errors.ImpossibleRequest, errors.OverLimit]


async def test_a_spent_budget_refuses_before_anybody_is_asked_for_a_yes(services: Services) -> None:
    await decided(services, budget_usd_micros=1, confirm_usd_micros=0)
    with pytest.raises(errors.BudgetExceeded):
        await ask(services)
    await decided(services, budget_usd_micros=None)
    with pytest.raises(errors.ConfirmationNeeded):
        await ask(services)


async def test_terms_say_what_would_be_accepted(services: Services) -> None:
    await decided(services, limits=GuildLimits(longest=4), budget_usd_micros=10_000_000)
    services.allowance = 7
    services.restart()
    terms = await services.bot.services.videos.terms(Member(user_id=1, guild_id=7))
    assert ([each.model for each in terms.models], terms.credits, terms.usd_micros) == (
        ["kirin_v3_t2v"],
        7,
        10_000_000,
    )
    (instead,) = alternatives(REQUEST, terms)
    assert (await ask(services, instead)).job.request.duration == 4


async def test_where_a_server_allows_no_model_all_are_shown_and_its_limit_is_told(services: Services) -> None:
    await decided(services, limits=GuildLimits(models={"another"}))
    shown = await services.bot.services.videos.offered(Member(user_id=1, guild_id=7))
    assert [each.model for each in shown] == ["kirin_v3_t2v", "kling-v1"]


async def test_a_card_that_fails_unexpectedly_takes_back_no_acceptance(services: Services) -> None:
    services.discord.then("post_card", RuntimeError("a bug"))
    accepted = await ask(services)
    assert (accepted.new, accepted.job.card_message_id) == (True, None)
