"""Reports: kept first, shown to whoever can be shown them, with everybody's words; and what is said of that is true."""

from datetime import timedelta

import pytest

from bot.domain import Case, CaseState, Job
from bot.errors import DestinationBusy, DestinationLost, OwnReport
from bot.service.moderation.case_poster import TRIES
from bot.service.moderation.cases import ReportOutcome
from bot.service.ports import CannotTell, Posted
from bot.store.privacy.deletion import DeletionStore
from tests.service.moderation_services import ModerationServices
from tests.service.scripted import GUILD, MOD_CHANNEL, OPERATOR_CHANNEL
from tests.service.services import Services

BUSY, LOST = DestinationBusy("discord_500"), DestinationLost("discord_10003")
DIRECT = 98  # the channel of the operator's direct messages


@pytest.fixture
def moderation_services(services: Services) -> ModerationServices:
    return ModerationServices(services)


async def posted(moderation_services: ModerationServices) -> Job:
    return await moderation_services.services.step(await moderation_services.services.succeeded())


def words(case: Case) -> list[tuple[int, str]]:
    return [(each.user_id, each.reason) for each in case.reports]


async def passes(moderation_services: ModerationServices, hours: float) -> None:
    moderation_services.services.clock.tick(hours * 3600)
    await moderation_services.outbox.post_due()


async def test_moderators_are_shown_a_report_before_its_reporter_is_told_so(
    moderation_services: ModerationServices,
) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    assert await moderation_services.reported(job, reason="blood") is ReportOutcome.MODERATORS
    case = await moderation_services.latest_report()
    assert (case.channel_id, case.for_operator, case.user_id) == (MOD_CHANNEL, False, 1)
    assert await moderation_services.message(case.id) == (500, False)
    assert words(moderation_services.staff.shown[case.id]) == [(2, "blood")]


async def test_without_moderators_everybodys_words_reach_the_operator(moderation_services: ModerationServices) -> None:
    first, second = await posted(moderation_services), await posted(moderation_services)
    for job, by in ((first, 2), (first, 4), (second, 2)):
        moderation_services.services.clock.tick(1)
        assert await moderation_services.reported(job, by=by, reason=f"by {by}") is ReportOutcome.OPERATOR
    said = {case.job_id: words(case) for case in moderation_services.staff.shown.values()}
    assert said == {first.id: [(2, "by 2"), (4, "by 4")], second.id: [(2, "by 2")]}
    assert {case.channel_id for case in moderation_services.staff.shown.values()} == {OPERATOR_CHANNEL}


async def test_a_second_persons_report_is_added_to_the_open_case(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    assert [await moderation_services.reported(job, by=by, reason=f"by {by}") for by in (2, 4)] == [
        ReportOutcome.MODERATORS
    ] * 2
    case = await moderation_services.latest_report()
    assert moderation_services.staff.asked("post_case") == [(case.id, False)]
    assert words(moderation_services.staff.shown[case.id]) == [(2, "by 2"), (4, "by 4")]


async def test_the_same_persons_second_report_is_none_and_they_hear_so(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    assert [await moderation_services.reported(job, key=key) for key in "ab"] == [
        ReportOutcome.MODERATORS,
        ReportOutcome.BEFORE,
    ]
    assert len(words(moderation_services.staff.shown["report-a"])) == 1


async def test_a_report_after_a_decision_is_a_case_of_its_own(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    await moderation_services.reported(job)
    await moderation_services.cases.dismiss(await moderation_services.latest_report(), moderation_services.entry())
    moderation_services.services.clock.tick(1)
    assert await moderation_services.reported(job, by=4) is ReportOutcome.MODERATORS
    assert words(moderation_services.staff.shown[(await moderation_services.latest_report()).id]) == [(4, "look")]


async def test_nobody_reports_their_own_video(moderation_services: ModerationServices) -> None:
    job = await posted(moderation_services)
    for ask in (moderation_services.cases.check_reportable(job.id, by=1), moderation_services.reported(job, by=1)):
        with pytest.raises(OwnReport):
            await ask
    assert await moderation_services.cases.check_reportable(job.id, by=2) is not None
    assert moderation_services.staff.calls == []


@pytest.mark.parametrize(("job_id", "guild_id"), [("gone", GUILD), (None, 8), (None, None)])
async def test_a_report_about_elsewhere_is_the_operators(
    moderation_services: ModerationServices, job_id: str | None, guild_id: int | None
) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    heard = await moderation_services.cases.report(
        job_id or job.id, guild_id=guild_id, message=(5, 50), by=2, reason="look", key="a"
    )
    assert heard is ReportOutcome.OPERATOR
    assert moderation_services.staff.shown["report-a"].channel_id == OPERATOR_CHANNEL


async def test_a_place_that_is_closed_leads_to_the_next(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    moderation_services.staff.operator_channels = [OPERATOR_CHANNEL, DIRECT]
    moderation_services.staff.then("post_case", LOST, LOST)
    assert await moderation_services.reported(await posted(moderation_services)) is ReportOutcome.OPERATOR
    assert (await moderation_services.latest_report()).channel_id == DIRECT


async def test_where_nobody_can_be_shown_it_a_report_is_kept_until_somebody_can(
    moderation_services: ModerationServices,
) -> None:
    moderation_services.staff.operator_channels = []
    job = await posted(moderation_services)
    assert [await moderation_services.reported(job, by=by) for by in (2, 4)] == [ReportOutcome.KEPT] * 2
    await passes(moderation_services, 100)
    assert (await moderation_services.latest_report()).state is CaseState.OPEN
    assert moderation_services.services.alerts() == []
    await moderation_services.wants()
    await passes(moderation_services, 1)
    case = moderation_services.staff.shown[(await moderation_services.latest_report()).id]
    assert (case.channel_id, [who for who, _ in words(case)]) == (MOD_CHANNEL, [2, 4])


async def test_a_report_is_never_given_up(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    moderation_services.staff.then("post_case", *[BUSY] * (TRIES + 3))
    assert await moderation_services.reported(await posted(moderation_services)) is ReportOutcome.KEPT
    for _ in range(TRIES + 3):
        await passes(moderation_services, 2)
    report = await moderation_services.latest_report()
    assert (await moderation_services.message(report.id))[0] is not None


async def test_a_report_that_a_busy_discord_may_have_taken_is_looked_for(
    moderation_services: ModerationServices,
) -> None:
    await moderation_services.wants()
    moderation_services.staff.then("post_case", BUSY)
    moderation_services.staff.then(
        "find_case", CannotTell(reason="discord_500"), Posted(channel_id=MOD_CHANNEL, message_id=70)
    )
    assert await moderation_services.reported(await posted(moderation_services)) is ReportOutcome.KEPT
    await passes(moderation_services, 1)
    await passes(moderation_services, 1)
    assert len(moderation_services.staff.asked("post_case")) == 1
    report = await moderation_services.latest_report()
    assert await moderation_services.message(report.id) == (70, False)


async def test_more_words_are_posted_anew_where_the_message_is_gone(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    await moderation_services.reported(job)
    moderation_services.staff.then("edit_case", LOST)
    assert await moderation_services.reported(job, by=4) is ReportOutcome.MODERATORS
    assert len(moderation_services.staff.asked("post_case")) == 2
    report = await moderation_services.latest_report()
    assert await moderation_services.message(report.id) == (501, False)


async def test_who_has_everything_deleted_is_taken_out_of_their_report(moderation_services: ModerationServices) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    await moderation_services.reported(job, by=2, reason="I know her")
    await moderation_services.reported(job, by=4)
    await _deletes(moderation_services, 2)
    moderation_services.staff.then("edit_case", BUSY)
    await passes(moderation_services, 1)
    await passes(moderation_services, 1)
    case = moderation_services.staff.shown[(await moderation_services.latest_report()).id]
    assert case.state is CaseState.OPEN
    assert words(case) == [(0, ""), (4, "look")]


async def test_who_has_everything_deleted_is_taken_out_of_what_was_decided_about_them(
    moderation_services: ModerationServices,
) -> None:
    await moderation_services.wants()
    job = await posted(moderation_services)
    await moderation_services.reported(job, by=2, reason="Ana did it")
    decided = await moderation_services.opened(body={"why": "Ana wants more"})
    await moderation_services.outbox.post_due()
    await moderation_services.cases.dismiss(decided, moderation_services.entry())
    await passes(moderation_services, 1)
    await _deletes(moderation_services, 1)
    moderation_services.staff.then("edit_case", *[BUSY] * TRIES)
    for _ in range(TRIES + 1):
        await passes(moderation_services, 2)
    report = moderation_services.staff.shown[(await moderation_services.latest_report()).id]
    assert (report.forgotten, report.state, words(report)) == (True, CaseState.WITHDRAWN, [])
    wanted_request = moderation_services.staff.shown[decided.id]
    assert (wanted_request.forgotten, wanted_request.state, wanted_request.decided_by) == (True, CaseState.DISMISSED, 3)


async def _deletes(moderation_services: ModerationServices, user_id: int) -> None:
    now = moderation_services.services.clock() + timedelta(seconds=1)
    deletions = DeletionStore(moderation_services.services.database)
    await deletions.clear(await deletions.ask(user_id, messages=False, now=now), now=now)
